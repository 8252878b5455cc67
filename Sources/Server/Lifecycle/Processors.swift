import FoundationEssentials
import NIOCore

/// How many processors the process may use: not more than the machine has, its control group grants, and, on Linux, the
/// process was pinned to.
package enum Processors {
    package static var usable: Int {
        let pinned = FileManager.default.contents(atPath: "/proc/self/status").flatMap { status in
            count(inStatus: String(decoding: status, as: UTF8.self))
        }
        return max(1, min(System.coreCount, pinned ?? .max))
    }

    /// Reads the line `Cpus_allowed_list` of proc(5), such as `0-3,8`.
    static func count(inStatus status: String) -> Int? {
        let name = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        var count = 0
        for range in line.dropFirst(name.count).filter({ !$0.isWhitespace }).split(separator: ",") {
            let ends = range.split(separator: "-").map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, ends.count <= 2 else {
                return nil
            }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }
}
