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
        var reason: (any Error)?
        // Programs that other tests start just then keep it until they have begun.
        do {
            try await waitUntil("port \(port) is free") {
                do {
                    try await Receiver.start(port: port, Receiver.nothing).stop()
                    return true
                } catch {
                    reason = error
                    return false
                }
            }
            #expect(child.ending == nil)
        } catch {
            Issue.record("\(error): \(reason.map { "\($0)" } ?? "it was not tried")")
        }
        await child.remove()
    }
}
