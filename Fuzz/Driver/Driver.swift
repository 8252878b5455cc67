import CFuzzer
import Dispatch
import FoundationEssentials
package import FuzzEntries
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Hands the entry that `ROSTRUM_FUZZ_ENTRY` names to libFuzzer with the arguments of the process; without it, prints
/// the names.
///
/// The name is no argument because libFuzzer starts the program anew, with arguments of its own, to minimise a corpus.
package func fuzz(_ entries: [Entry]) -> Never {
    guard let name = ProcessInfo.processInfo.environment["ROSTRUM_FUZZ_ENTRY"] else {
        for entry in entries { print(entry.name) }
        exit(EXIT_SUCCESS)
    }
    guard let entry = entries.first(where: { $0.name == name }) else {
        fatalError("there is no entry \(name)")
    }
    chosen.withLock { $0 = entry }
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
        LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            judge(Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
    )
}

/// What a function of C cannot capture.
private let chosen = Mutex<Entry?>(nil)

private func judge(_ bytes: [UInt8]) {
    guard let entry = chosen.withLock({ $0 }) else { fatalError("no entry was chosen") }
    switch entry.judge {
    case .atOnce(let judge):
        do throws(Objection) { try judge(bytes) } catch { report(error) }
    case .waiting(let judge):
        let done = DispatchSemaphore(value: 0)
        Task {
            do throws(Objection) { try await judge(bytes) } catch { report(error) }
            done.signal()
        }
        done.wait()
    }
}

/// Ends the process, upon which libFuzzer keeps the input.
private func report(_ finding: Objection) -> Never {
    fatalError("finding: \(finding)")
}
