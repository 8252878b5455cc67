import RostrumTesting
import Testing

/// What the other tests' programs must not have from this process.
@Suite("Child processes")
struct ChildProcessTests {
    /// An address of its own: while nobody listens there no other test is given its port.
    private static let host = "127.77.0.2"

    @Test("a program that is started keeps no port of the process that starts it")
    func keepsNoPort() async throws {
        let first = try await Receiver.start(at: Self.host, Receiver.nothing)
        let child = try ChildProcess("sleep", ["60"])
        await first.stop()
        do {
            let second = try await Receiver.start(at: Self.host, port: first.port, Receiver.nothing)
            await second.stop()
        } catch {
            Issue.record("port \(first.port): \(error)")
        }
        #expect(child.ending == nil)
        await child.remove()
    }
}
