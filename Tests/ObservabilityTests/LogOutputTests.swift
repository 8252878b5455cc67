import Dispatch
import FoundationEssentials
import Glibc
import Logging
import Observability
import Testing

/// Descriptors that are full, slow or gone neither block nor crash the server.
@Suite struct LogOutputTests {
    private func logger(to output: LogOutput) -> Logger {
        Logger(label: "rostrum") { label in
            StreamLog(label: label, format: .text, output: output, millisecondsSinceEpoch: { 0 })
        }
    }

    private func withPipe(nonBlocking: Bool, _ body: (_ reader: Int32, _ writer: Int32) throws -> Void) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        if nonBlocking { try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0) }
        try body(ends[0], ends[1])
    }

    /// Reads until nothing is left for 50 ms.
    private func drain(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 50) > 0 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a line arrives whole")
    func line() throws {
        try withPipe(nonBlocking: false) { reader, writer in
            let output = LogOutput(descriptor: writer)
            logger(to: output).info("hello", metadata: ["a": "b"])
            #expect(drain(reader) == "1970-01-01T00:00:00.000Z info  hello a=b\n")
            #expect(output.droppedLines == 0)
        }
    }

    @Test("a full pipe drops whole lines and counts them, then goes on", arguments: [false, true])
    func fullPipe(nonBlocking: Bool) throws {
        try withPipe(nonBlocking: nonBlocking) { reader, writer in
            let output = LogOutput(descriptor: writer)
            let logger = logger(to: output)
            let start = ContinuousClock.now
            for number in 0..<5000 { logger.info("filling", metadata: ["n": "\(number)"]) }
            #expect(ContinuousClock.now - start < .seconds(5))
            let dropped = output.droppedLines
            #expect((1..<5000).contains(dropped))
            let text = drain(reader)
            #expect(text.split(separator: "\n").count == 5000 - dropped)
            logger.info("again")
            #expect(drain(reader) == "1970-01-01T00:00:00.000Z info  again\n")
            #expect(output.droppedLines == dropped)
        }
    }

    @Test("a line that was written in part does not swallow the next")
    func tornLine() throws {
        try withPipe(nonBlocking: true) { reader, writer in
            let output = LogOutput(descriptor: writer)
            let logger = logger(to: output)
            for _ in 0..<20 { logger.info("\(String(repeating: "x", count: 15_000))") }
            #expect(output.droppedLines > 0)
            let first = drain(reader)
            logger.info("again")
            let lines = (first + drain(reader)).split(separator: "\n")
            #expect(lines.last == "1970-01-01T00:00:00.000Z info  again")
            #expect(lines.dropLast().allSatisfy { $0.hasPrefix("1970-01-01T00:00:00.000Z info  xxx") })
        }
    }

    @Test("a closed descriptor loses the line and nothing else")
    func closed() {
        let output = LogOutput(descriptor: -1)
        logger(to: output).info("nobody hears")
        #expect(output.droppedLines == 1)
    }

    @Test("lines of many tasks do not mix, in a file")
    func tasks() async throws {
        let path = "/tmp/rostrum-log-\(UUID().uuidString)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        let logger = logger(to: LogOutput(descriptor: descriptor))
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        logger.info("\(String(repeating: "\(task)", count: 500))")
                    }
                }
            }
        }
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 1600)
        #expect(lines.allSatisfy { Set($0.suffix(500)).count == 1 && $0.utf8.count == 531 })
    }

    @Test("gathered lines wait for a flush, keep their order, and go out in one piece")
    func gathering() throws {
        try withPipe(nonBlocking: false) { reader, writer in
            let output = LogOutput(descriptor: writer, gathering: .seconds(3600))
            let logger = logger(to: output)
            for number in 0..<3 { logger.info("gathered", metadata: ["n": "\(number)"]) }
            #expect(drain(reader).isEmpty)

            output.flush()

            let lines = drain(reader).split(separator: "\n")
            #expect(lines.map { $0.suffix(3) } == ["n=0", "n=1", "n=2"])
        }
    }

    @Test("an error takes what was gathered before it along, at once")
    func urgent() throws {
        try withPipe(nonBlocking: false) { reader, writer in
            let logger = logger(to: LogOutput(descriptor: writer, gathering: .seconds(3600)))

            logger.info("before")
            logger.error("now")

            let lines = drain(reader).split(separator: "\n")
            #expect(lines.map { $0.split(separator: " ").last } == ["before", "now"])
        }
    }

    @Test("gathered lines are written without being asked for")
    func gatheringEnds() throws {
        try withPipe(nonBlocking: false) { reader, writer in
            logger(to: LogOutput(descriptor: writer, gathering: .milliseconds(1))).info("soon")

            var request = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            #expect(poll(&request, 1, 10_000) == 1)
            #expect(drain(reader).hasSuffix("soon\n"))
        }
    }

    @Test(
        "a reader that never reads costs gathered lines, which are counted, and neither time nor memory without bound",
        .timeLimit(.minutes(5)),
        arguments: [false, true]
    )
    func gatheringIsBounded(nonBlocking: Bool) throws {
        try withPipe(nonBlocking: nonBlocking) { reader, writer in
            let output = LogOutput(descriptor: writer, gathering: .seconds(3600), mostGathered: 200_000)
            let logger = logger(to: output)
            let text = String(repeating: "x", count: 8000)
            for _ in 0..<30 { logger.info("long", metadata: ["text": "\(text)"]) }
            #expect(output.droppedLines == 6, "24 have room")

            output.flush()

            #expect((20..<30).contains(output.droppedLines), "a pipe holds 64 KiB")
            let whole = drain(reader).split(separator: "\n").count { $0.count > 8000 }
            #expect(whole + output.droppedLines == 30)
        }
    }

    @Test(
        "an error returns although nobody reads, and what is cut there is counted and mended",
        .timeLimit(.minutes(5)),
        arguments: [false, true]
    )
    func urgentWithoutReader(nonBlocking: Bool) throws {
        try withPipe(nonBlocking: nonBlocking) { reader, writer in
            let output = LogOutput(descriptor: writer, gathering: .seconds(3600))
            let logger = logger(to: output)
            let text = String(repeating: "x", count: 9000)
            for _ in 0..<12 { logger.info("\(text)") }

            logger.error("lost")

            let (first, dropped) = (drain(reader), output.droppedLines)
            #expect(!first.hasSuffix("\n"), "a line must have been cut for this test to mean anything")
            let whole = first.split(separator: "\n").count { $0.count > 9000 }
            #expect(whole + dropped == 13)
            logger.error("heard")
            let second = drain(reader)
            #expect(second == "\n1970-01-01T00:00:00.000Z error heard\n")
            #expect(output.droppedLines == dropped)
        }
    }

    @Test("an error finds its place where gathered lines have left none")
    func urgentWithFullBuffer() throws {
        let path = "/tmp/rostrum-log-\(UUID().uuidString)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        let output = LogOutput(descriptor: descriptor, gathering: .seconds(3600), mostGathered: 100_000)
        let logger = logger(to: output)
        let text = String(repeating: "x", count: 8000)
        while output.droppedLines == 0 { logger.info("long", metadata: ["text": "\(text)"]) }

        logger.error("\(text)")

        let lines = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n")
        #expect(lines.last?.hasPrefix("1970-01-01T00:00:00.000Z error xxx") == true)
        #expect(output.droppedLines == 1)
    }
}
