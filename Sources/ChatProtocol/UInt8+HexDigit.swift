extension UInt8 {
    /// The value of a hexadecimal digit in ASCII, in either case of letters; nil for any other byte.
    package init?(hexDigit: UInt8) {
        switch hexDigit {
        case 0x30...0x39: self = hexDigit - 0x30
        case 0x41...0x46: self = hexDigit - 0x41 + 10
        case 0x61...0x66: self = hexDigit - 0x61 + 10
        default: return nil
        }
    }
}
