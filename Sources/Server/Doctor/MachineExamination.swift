#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the machine and the process are like.
enum MachineExamination {
    /// Below it there is hardly room for files of the server's own.
    private static let fewestFiles: UInt64 = 1024
    /// Enough for the sessions that one process is measured with.
    private static let enoughFiles: UInt64 = 65_536

    static func clock() -> Finding {
        guard let isSynchronized = MachineReadings.isClockSynchronized else {
            return .ok(.clock, "the system does not tell whether the clock is synchronized")
        }
        guard isSynchronized else {
            return .warning(
                .clock,
                "the clock is not synchronized",
                "run chrony or systemd-timesyncd: UserSigs are judged by this clock, and a wrong one refuses good ones"
            )
        }
        return .ok(.clock, "the clock is synchronized")
    }

    /// - Parameter directory: whose server is asked about, if one runs; nil where the settings name none.
    static func openFiles(ofServerIn directory: String?) -> Finding {
        let place = directory.flatMap { try? DataDirectory($0, makeIfMissing: false) }
        if let server = place?.server, let limit = MachineReadings.openFiles(of: server) {
            return openFiles(soft: limit.soft, hard: limit.hard, who: "the server, process \(server),")
        }
        var limit = rlimit()
        #if os(Linux)
        let result = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
        let result = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        guard result == 0 else { return .ok(.limits, "the limit of open files is not told") }
        let (soft, hard) = (UInt64(limit.rlim_cur), UInt64(limit.rlim_max))
        return openFiles(soft: soft, hard: hard, who: "a server that this shell starts")
    }

    static func openFiles(soft: UInt64, hard: UInt64, who: String) -> Finding {
        let text = "\(who) may have \(soft) files open at once, and every session is one"
        let advice = "set LimitNOFILE=1048576 in the systemd unit, or ulimit -n; the hard limit is \(hard)"
        if soft < fewestFiles { return .error(.limits, text, advice) }
        if soft < enoughFiles { return .warning(.limits, text, advice) }
        return .ok(.limits, text)
    }
}
