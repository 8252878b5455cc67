import FoundationEssentials

#if canImport(Glibc)
import CGlibc
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the machine says of itself to whoever asks often: each answer comes at once.
enum MachineReadings {
    /// Whether something keeps the clock right; nil when the system does not tell.
    static var isClockSynchronized: Bool? {
        #if os(Linux)
        var state = timex()
        let status = adjtimex(&state)
        return status < 0 ? nil : status != TIME_ERROR
        #else
        return nil
        #endif
    }

    /// The time of day in seconds.
    static var seconds: Double { Date.now.timeIntervalSince1970 }

    /// Room on a disk: what this process may still take, and all that there is.
    struct Space {
        /// Bytes.
        let free, all: UInt64
        /// Both 0 for a file system that does not count them.
        let freeFiles, allFiles: UInt64
    }

    /// Room on the disk of a directory.
    static func space(in path: String) -> Space? {
        var state = statvfs()
        guard statvfs(path, &state) == 0 else { return nil }
        let unit = UInt64(state.f_frsize)
        return Space(
            free: UInt64(state.f_bavail) * unit,
            all: UInt64(state.f_blocks) * unit,
            freeFiles: UInt64(state.f_favail),
            allFiles: UInt64(state.f_files)
        )
    }

    /// How many files a process may have open; nil where the system does not tell.
    static func openFiles(of process: Int32) -> (soft: UInt64, hard: UInt64)? {
        text(of: "/proc/\(process)/limits").flatMap(openFiles(inLimits:))
    }

    /// The same from `/proc/PID/limits`.
    static func openFiles(inLimits text: String) -> (soft: UInt64, hard: UInt64)? {
        let name = "Max open files"
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        let numbers = line.dropFirst(name.count).split(separator: " ").prefix(2).map { word in
            word == "unlimited" ? UInt64.max : UInt64(word)
        }
        guard numbers.count == 2, let soft = numbers[0], let hard = numbers[1] else { return nil }
        return (soft, hard)
    }

    /// The size of a file; nil when there is none.
    static func size(of path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    /// How much memory the process may have: what its control groups grant, at most what the machine has.
    static var memoryLimit: UInt64? {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let machine = pages > 0 ? UInt64(pages) * UInt64(sysconf(Int32(_SC_PAGESIZE))) : nil
        let groups = text(of: "/proc/self/cgroup").flatMap(group(inList:)).map(limits) ?? []
        return (groups + [machine].compactMap { $0 }).min()
    }

    /// The path of the process's group in the one hierarchy of version 2, from `/proc/self/cgroup`.
    static func group(inList list: String) -> String? {
        list.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
    }

    /// What a group and those above it grant.
    private static func limits(of group: String) -> [UInt64] {
        var names = group.split(separator: "/")
        var limits: [UInt64] = []
        while true {
            let directory = (["/sys/fs/cgroup"] + names.map(String.init)).joined(separator: "/")
            if let limit = text(of: directory + "/memory.max").flatMap({ UInt64($0.filter { !$0.isWhitespace }) }) {
                limits.append(limit)
            }
            guard names.popLast() != nil else { return limits }
        }
    }

    private static func text(of path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
