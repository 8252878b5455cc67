import RostrumTesting
import Testing

/// What the other tests' programs must not have from this process.
@Suite("Child processes")
struct ChildProcessTests {
    @Test("a program that is started keeps no port of the process that starts it")
    func keepsNoPort() async throws {
        let port = try FreePort.find()
        let first = try await Receiver.start(port: port, Receiver.nothing)
        let child = try ChildProcess("sleep", ["600"])
        await first.stop()
        // Programs that other tests start just then keep it until they have begun.
        try await waitUntil("port \(port) is free") {
            guard let second = try? await Receiver.start(port: port, Receiver.nothing) else { return false }
            await second.stop()
            return true
        }
        #expect(child.ending == nil)
        await child.remove()
    }
}
