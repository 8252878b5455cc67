import RostrumTesting
import Testing

/// What callers who mean no good can do: be refused.
@Suite("Hostile callers")
struct HostileTests {
    @Test("every assault is refused, the next caller is served, and a second round takes no more memory")
    func assaults() async throws {
        try await withServer(["dev", "--port", "0", "--limits", "callsPerSecond=0"]) { server in
            try await assault(server)
            let before = server.residentBytes

            try await assault(server)

            let growth = server.residentBytes - before
            #expect(growth < 64 << 20, "grew by \(growth / 1024) KiB to \(server.residentBytes / 1024) KiB")
            #expect(before > 0)
        }
    }

    @Test("a caller that stalls, or sends a byte now and then, is cut off 10 s after its request began")
    func stalls() async throws {
        try await withServer { server in
            let request = httpRequest("POST", Signatory.emulator.target(Command.check), body: Command.checkBody)
            let stalled = Array(request.dropLast())
            let head = Array(request.prefix(50))

            async let body = Self.durationUntilCut(server, sending: stalled, thenByteByByte: [])
            async let beginning = Self.durationUntilCut(server, sending: head, thenByteByByte: [])
            async let trickle = Self.durationUntilCut(
                server,
                sending: Array(request.prefix(20)),
                thenByteByByte: Array(request.dropFirst(20))
            )

            for (duration, name) in [
                (try await body, "body"), (try await beginning, "head"), (try await trickle, "trickle"),
            ] {
                #expect(duration > .seconds(9) && duration < .seconds(16), "\(name) after \(duration)")
            }
            #expect(try await server.call(Command.check, Command.checkBody).ErrorCode == 0)
        }
    }

    @Test("a caller that does not finish its TLS handshake is cut off like one that does not finish its request")
    func stalledHandshake() async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let port = try #require(server.https?.port)
            let silent = try await RawConnection.open(port: port)
            let stalled = try await RawConnection.open(port: port)
            try await stalled.send([0x16, 3, 1, 0, 0xA5, 1, 0, 0, 0xA1, 3, 3])

            async let first = silent.readUntilClosed(within: .seconds(16))
            async let second = stalled.readUntilClosed(within: .seconds(16))

            #expect(try await first == [])
            #expect(try await second == [])
        }
    }

    private func assault(_ server: ServerProcess) async throws {
        for assault in Assault.all {
            do {
                let failure = try await assault.run(on: server)
                #expect(failure == nil, "\(assault.name)")
            } catch {
                Issue.record("\(assault.name): \(error)")
            }
            #expect(server.child.ending == nil, "the server ended after \(assault.name)")
        }
        try await drop500Connections(server)
        try await leaveRepliesUnread(server)
        #expect(try await server.call(Command.check, Command.checkBody).ErrorCode == 0)
    }

    /// Opens 500 connections at once, some with half a request on them, and lets them go in several ways.
    private func drop500Connections(_ server: ServerProcess) async throws {
        let request = httpRequest("POST", Signatory.emulator.target(Command.check), body: Command.checkBody)
        var connections: [RawConnection] = []
        for number in 0..<500 {
            let connection = try await server.connect()
            if number % 3 > 0 {
                try await connection.send(Array(request.prefix(number % 3 == 1 ? 100 : request.count - 1)))
            }
            connections.append(connection)
        }
        for (number, connection) in connections.enumerated() where number.isMultiple(of: 2) {
            await connection.abort()
        }
    }

    /// Asks for much, reads nothing, and goes away.
    private func leaveRepliesUnread(_ server: ServerProcess) async throws {
        let request = httpRequest("POST", Signatory.emulator.target(Command.check), body: Command.checkBody)
        let connection = try await server.connect()
        try? await connection.send(Array(repeatElement(request, count: 2000).joined()), within: .seconds(5))
        await connection.abort()
    }

    private static func durationUntilCut(
        _ server: ServerProcess,
        sending beginning: [UInt8],
        thenByteByByte rest: [UInt8]
    ) async throws -> Duration {
        let connection = try await server.connect()
        let began = ContinuousClock.now
        try await connection.send(beginning)
        for byte in rest {
            do {
                _ = try await connection.readUntilClosed(within: .milliseconds(250))
                return ContinuousClock.now - began
            } catch RawConnection.Failure.timedOut {
                try? await connection.send([byte])
            }
        }
        _ = try await connection.readUntilClosed(within: .seconds(20))
        return ContinuousClock.now - began
    }
}
