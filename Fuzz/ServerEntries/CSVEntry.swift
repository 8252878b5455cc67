import Console
import FuzzEntries

extension Entry {
    /// A file of accounts that an operator imports in the console.
    static let csv = Entry("csv") { bytes throws(Objection) in
        let records = Array(CSVReader(bytes.text))
        var line = 0
        for record in records {
            try demand(record.line > line, "the record of line \(record.line) follows that of line \(line)")
            line = record.line
            try demand(record.fields.map { !$0.isEmpty } ?? true, "the record of line \(line) has no field")
        }
        let lines = bytes.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        try demand(line <= lines, "there is a record in line \(line), and there are \(lines) lines")
        let fields = records.compactMap(\.fields)
        let written = fields.map { $0.map(quoted).joined(separator: ",") + "\r\n" }.joined()
        let again = CSVReader(written).map { ($0.fields ?? []).map { Array($0.utf8) } }
        try demand(again == fields.map { $0.map { Array($0.utf8) } }, "what is written of the fields is read otherwise")
    }

    private static func quoted(_ field: String) -> String {
        let doubled = field.utf8.flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
        return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
    }
}
