import FoundationEssentials
import Logging
import Observability
import Synchronization
import Testing

/// Collects what a `StreamLog` writes.
final class Lines: Sendable {
    private let written = Mutex<[[UInt8]]>([])

    var all: [String] { written.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }
    var bytes: [UInt8] { written.withLock { $0.flatMap { $0 } } }

    func logger(
        _ format: LogFormat,
        at milliseconds: Int64 = 1_795_523_696_789,
        provider: Logger.MetadataProvider? = nil
    ) -> Logger {
        let output = LogOutput { line in self.written.withLock { $0.append(line) } }
        return Logger(label: "rostrum") { label in
            StreamLog(
                label: label,
                format: format,
                level: .trace,
                metadataProvider: provider,
                output: output,
                millisecondsSinceEpoch: { milliseconds }
            )
        }
    }
}

/// What a record looks like on its line.
@Suite struct StreamLogTests {
    static let time = "2026-11-24T12:34:56.789Z"

    private struct Refused: Error, CustomStringConvertible {
        var description: String { "no \"entry\"" }
    }

    @Test("text: level in a column, sorted keys, quotes only where they are needed")
    func text() {
        let lines = Lines()
        let logger = lines.logger(.text)
        logger.info("server ready", metadata: ["port": "8080", "host": "a.example", "note": "two words"])
        logger.warning("slow")
        logger.error("a", metadata: ["empty": "", "url": "http://h/?q=1", "path": #"C:\dir"#, "odd key": "x"])
        logger.trace("b", metadata: ["list": ["a", "b c"], "map": ["z": "1", "a": ["=", .stringConvertible(5)]]])
        #expect(
            lines.all == [
                "\(Self.time) info  server ready host=a.example note=\"two words\" port=8080\n",
                "\(Self.time) warning slow\n",
                "\(Self.time) error a empty=\"\" \"odd key\"=x path=C:\\dir url=\"http://h/?q=1\"\n",
                "\(Self.time) trace b list=[a,\"b c\"] map={a=[\"=\",5],z=1}\n",
            ]
        )
    }

    @Test("JSON: one flat object, nested metadata as JSON")
    func json() {
        let lines = Lines()
        let logger = lines.logger(.json)
        logger.notice("server ready", metadata: ["port": "8080", "peer": "ü\u{1F600}"])
        logger.debug("b", metadata: ["list": ["a", "b c"], "map": ["z": "1", "a": [.stringConvertible(5)]]])
        #expect(
            lines.all == [
                #"{"time":"\#(Self.time)","level":"notice","message":"server ready","label":"rostrum","#
                    + #""peer":"ü😀","port":"8080"}"# + "\n",
                #"{"time":"\#(Self.time)","level":"debug","message":"b","label":"rostrum","#
                    + #""list":["a","b c"],"map":{"a":["5"],"z":"1"}}"# + "\n",
            ]
        )
    }

    @Test("metadata of the record wins over the provider's, the provider's over the logger's")
    func mergeOrder() {
        let lines = Lines()
        let provider = Logger.MetadataProvider { ["b": "provider", "c": "provider"] }
        var logger = lines.logger(.text, provider: provider)
        for key in ["a", "b", "c"] { logger[metadataKey: key] = "logger" }
        logger.info("m", metadata: ["c": "record"])
        #expect(lines.all == ["\(Self.time) info  m a=logger b=provider c=record\n"])
        #expect(logger[metadataKey: "a"] == "logger")
    }

    @Test("an error becomes its message and its type")
    func error() {
        let lines = Lines()
        lines.logger(.text).error("failed", error: Refused())
        #expect(lines.all.first?.contains(#"error.message="no \"entry\"" error.type="#) == true)
    }

    @Test("metadata cannot take the place of the record's own keys")
    func ownKeys() throws {
        let lines = Lines()
        lines.logger(.json).info("m", metadata: ["level": "error", "metadata.level": "x", "time": "never"])
        let line = try #require(lines.all.first)
        #expect(
            line.hasSuffix(
                #","metadata.level":"error","metadata.metadata.level":"x","metadata.time":"never"}"# + "\n"
            )
        )
    }

    @Test("records below the level are not written")
    func level() {
        let lines = Lines()
        var logger = lines.logger(.text)
        logger.logLevel = .warning
        logger.info("no")
        #expect(lines.all.isEmpty)
    }

    @Test(
        "times are civil dates in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (.max, "9999-12-31T23:59:59.999Z"),
            (.min, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func times(milliseconds: Int64, expected: String) {
        let lines = Lines()
        lines.logger(.text, at: milliseconds).info("m")
        #expect(lines.all == ["\(expected) info  m\n"])
    }

    @Test("times agree with Foundation's over four centuries")
    func timesAgree() {
        let lines = Lines()
        for day in stride(from: Int64(-80_000), to: 80_000, by: 97) {
            let milliseconds = day * 86_400_000 + 45_296_000
            lines.logger(.text, at: milliseconds).info("m")
            let expected = Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
            #expect(lines.all.last?.prefix(19) == expected.prefix(19))
        }
    }
}
