import FoundationEssentials
import Logging
import Observability
import Testing

/// Whatever outsiders put into a message or a value, one record is one line with the keys it has.
@Suite struct LogInjectionTests {
    static let hostile = [
        "\n{\"level\":\"error\"}",
        "x\r\n2026-11-24T12:34:56.789Z error forged admin=true",
        "a admin=true",
        "\" admin=\"true",
        "\\\" admin=true",
        "\\", "\"", "\\\\\"",
        "\u{1B}[2J\u{1B}[31mred\u{1B}]0;title\u{7}",
        "\u{9B}31m \u{85} \u{7F}",
        "nul\u{0}nul",
        "\u{2028}\u{2029}\u{202E}txt.exe\u{2066}\u{200F}\u{61C}",
        "[a,b]", "{a=b}", "a,b", "tab\there",
        "naïve ☃ 😀 e\u{301} \u{A0}",
        "\",\"level\":\"error",
        "",
    ]

    private struct Record: Decodable, Equatable {
        let time: String
        let level: String
        let message: String
        let label: String
        let value: String
        let list: [String]
        let map: [String: String]
    }

    @Test("JSON gives back exactly what went in", arguments: hostile)
    func json(text: String) throws {
        let lines = Lines()
        let metadata: Logger.Metadata = [
            "value": "\(text)", "list": ["\(text)", "b"], "map": ["\(text)": "\(text)"], "k\(text)": "1",
        ]
        lines.logger(.json).info("\(text)", metadata: metadata)
        let bytes = lines.bytes
        #expect(isOneSafeLine(bytes))
        let record = try JSONDecoder().decode(Record.self, from: Data(bytes))
        #expect(
            record
                == Record(
                    time: StreamLogTests.time,
                    level: "info",
                    message: text,
                    label: "rostrum",
                    value: text,
                    list: [text, "b"],
                    map: [text: text]
                )
        )
        let keys = try JSONDecoder().decode([String: Anything].self, from: Data(bytes)).keys
        #expect(Set(keys) == ["time", "level", "message", "label", "value", "list", "map", "k\(text)"])
    }

    @Test("text can be taken apart again into what went in", arguments: hostile)
    func text(text: String) throws {
        let lines = Lines()
        lines.logger(.text).info("\(text)", metadata: ["k": "\(text)", "z\(text)": "\(text)"])
        let bytes = lines.bytes
        #expect(isOneSafeLine(bytes))
        let prefix = "\(StreamLogTests.time) info  ".utf8.count
        let (message, fields) = try parse(Array(bytes.dropFirst(prefix).dropLast()))
        #expect(message == text)
        #expect(fields == [Field(key: "k", value: text), Field(key: "z\(text)", value: text)])
    }

    @Test("random bytes stay one line and valid JSON")
    func random() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let junk = (0..<Int.random(in: 0...60, using: &generator)).map { _ in UInt8.random(in: 0...255) }
            let text = String(decoding: junk, as: UTF8.self)
            for format in LogFormat.allCases {
                let lines = Lines()
                lines.logger(format).info("\(text)", metadata: ["k": "\(text)"])
                #expect(isOneSafeLine(lines.bytes))
                guard format == .json else { continue }
                let record = try JSONDecoder().decode([String: String].self, from: Data(lines.bytes))
                #expect(record["message"] == text && record["k"] == text)
            }
        }
    }

    @Test("long records are cut with a mark, stay valid and keep whole characters", arguments: 0..<8)
    func cut(offset: Int) throws {
        for filler in ["x", "é", "😀", "\"", "\u{1}", "a\n"] {
            let long = String(repeating: "-", count: offset) + String(repeating: filler, count: 20_000)
            let lines = Lines()
            lines.logger(.json).info("\(long)", metadata: ["k": "v"])
            lines.logger(.json).info("m", metadata: ["a": ["x": ["\(long)", "y"], "z": "1"], "k": "\(long)"])
            lines.logger(.json).info("m", metadata: ["\(long)": "v"])
            for line in lines.all {
                #expect((15_000...16_384).contains(line.utf8.count))
                #expect(line.components(of: "…[cut]") == 2)
                #expect(!line.contains("\u{FFFD}"))
                let record = try JSONDecoder().decode([String: Anything].self, from: Data(line.utf8))
                #expect(record["label"] != nil)
            }
            let texts = Lines()
            texts.logger(.text).info("\(long)", metadata: ["k": "v"])
            texts.logger(.text).info("m", metadata: ["k": ["\(long)", "\(long)"]])
            for line in texts.all {
                #expect((15_000...16_384).contains(line.utf8.count))
                #expect(line.components(of: "…[cut]") == 2 && line.hasSuffix("\n"))
            }
        }
    }

    @Test("collections without a byte of text, or without end, are cut too")
    func wideAndDeep() throws {
        var deep = Logger.MetadataValue.string("bottom")
        for _ in 0..<1000 { deep = .array([.dictionary(["k": deep])]) }
        let wide: [Logger.MetadataValue] = [
            .array(Array(repeating: .array([]), count: 50_000)), .array(Array(repeating: "", count: 50_000)),
            .array(Array(repeating: .dictionary([:]), count: 50_000)), deep,
        ]
        for value in wide {
            for format in LogFormat.allCases {
                let lines = Lines()
                lines.logger(format).info("m", metadata: ["k": value])
                #expect(lines.bytes.count <= 16_384)
                #expect(lines.all.first?.contains("…") == true)
                guard format == .json else { continue }
                _ = try JSONDecoder().decode([String: Anything].self, from: Data(lines.bytes))
            }
        }
    }
}
