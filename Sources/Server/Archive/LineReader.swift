import Chat

/// Reads a file line by line, however large it is; a line that is too long is not kept.
struct LineReader {
    private static let chunkBytes = 1 << 18
    private static let newline = UInt8(ascii: "\n")

    private let file: StoredFile
    /// Bytes of the file before ``buffer``.
    private var base = 0
    private var buffer: [UInt8] = []
    /// Where the next line begins in ``buffer``.
    private var start = 0

    init(_ file: StoredFile) {
        self.file = file
    }

    /// Bytes of the lines that were read, their newlines included.
    var offset: Int { base + start }

    /// The next line with its newline, which the last one of a file that was cut off lacks; nil at the end.
    ///
    /// - Returns: of a line that is too long only its beginning, one byte more than is allowed.
    mutating func next() throws(StartError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: Self.newline) { return take(upTo: end + 1) }
            searched = buffer.count
            guard buffer.count - start <= ArchiveReader.longestLine else { return try skipLine() }
            guard try fill() else { return start < buffer.count ? take(upTo: buffer.count) : nil }
        }
    }

    private mutating func take(upTo end: Int) -> [UInt8] {
        let line = Array(buffer[start..<end])
        start = end
        if start > Self.chunkBytes { forget() }
        return line
    }

    /// Drops what was read from the buffer.
    private mutating func forget() {
        base += start
        buffer.removeFirst(start)
        start = 0
    }

    /// - Returns: whether there was more.
    private mutating func fill() throws(StartError) -> Bool {
        let more = try file.read(at: base + buffer.count, upTo: Self.chunkBytes)
        buffer.append(contentsOf: more)
        return !more.isEmpty
    }

    /// Goes to the end of a line without keeping it.
    private mutating func skipLine() throws(StartError) -> [UInt8] {
        let beginning = Array(buffer[start..<(start + ArchiveReader.longestLine + 1)])
        while true {
            if let end = buffer[start...].firstIndex(of: Self.newline) {
                start = end + 1
                return beginning
            }
            base += buffer.count
            (buffer, start) = ([], 0)
            guard try fill() else { return beginning }
        }
    }
}
