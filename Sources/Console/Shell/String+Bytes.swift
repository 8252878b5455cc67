extension String {
    /// The text with another in place of each of a sign of ASCII.
    ///
    /// It goes by bytes: what reads the text afterwards finds a sign also where a mark is combined with it, which to Swift
    /// is another character.
    func replacing(byte: UInt8, with other: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        for each in utf8 {
            if each == byte { bytes += other.utf8 } else { bytes.append(each) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
