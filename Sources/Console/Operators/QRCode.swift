import CQRCode

/// A QR code (ISO/IEC 18004), drawn as one path of an SVG picture.
struct QRCode: Sendable {
    /// The width and the height with the empty margin of four modules that readers need, in modules.
    let size: Int32
    /// The dark modules, as the `d` attribute of a `path` has it.
    let path: String

    /// Nil for a text that is longer than a code can be, about 2 kB.
    init?(_ text: String) {
        guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { return nil }
        defer { QRcode_free(code) }
        let margin: Int32 = 4
        let width = code.pointee.width
        let modules = UnsafeBufferPointer(start: code.pointee.data, count: Int(width * width))
        var path = ""
        for row in 0..<width {
            var column: Int32 = 0
            while column < width {
                let first = column
                // The lowest bit is the colour, the others say what a module is for.
                while column < width, modules[Int(row * width + column)] & 1 == 1 { column += 1 }
                let length = column - first
                if length > 0 {
                    path += "M\(margin + first) \(margin + row)h\(length)v1h-\(length)z"
                } else {
                    column += 1
                }
            }
        }
        (size, self.path) = (width + 2 * margin, path)
    }
}
