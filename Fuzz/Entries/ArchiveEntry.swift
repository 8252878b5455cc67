import Chat
import ChatProtocol

extension Entry {
    /// An export that somebody wants to import.
    static let archive = Entry("archive") { bytes throws(Objection) in
        var reader = ArchiveReader()
        var lines: Int64 = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let before = reader
            var understood: ArchiveLine?
            do throws(ArchiveFault) {
                understood = try reader.read(Array(line))
            } catch {
                try demand(error.line == lines + 1, "the fault of line \(lines + 1) is told of \(error.line)")
            }
            if let understood { try judge(understood, at: before, lines) }
            lines += 1
            try demand(reader.position.lines == lines, "after \(lines) lines the reader is at \(reader.position)")
        }
    }

    /// The line as an export writes it must be understood in the same way at the same place.
    private static func judge(_ line: ArchiveLine, at place: ArchiveReader, _ lines: Int64) throws(Objection) {
        let written = try demand(try? line.json(after: lines), "an export cannot write what was read")
        var place = place
        let again = try demand(try? place.read(written.json), "what an export writes of a line is refused")
        try demand((try? again.json(after: lines)) == written, "what an export writes is read as something else")
    }
}
