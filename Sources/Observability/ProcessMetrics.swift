import Glibc

/// The standard `process_*` metrics, read from `/proc/self` for each exposition.
///
/// What cannot be read, for want of `/proc` in a sandbox, is left out.
enum ProcessMetrics {
    private static let metrics: [(name: String, kind: MetricKind, help: String)] = [
        ("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds."),
        ("process_max_fds", .gauge, "Maximum number of open file descriptors."),
        ("process_open_fds", .gauge, "Number of open file descriptors."),
        ("process_resident_memory_bytes", .gauge, "Resident memory size in bytes."),
        ("process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds."),
    ]

    /// The names taken, for the registry to reserve.
    static var names: [String] { metrics.map(\.name) }

    static func families() -> [MetricFamily] {
        let values = read()
        return metrics.compactMap { metric in
            guard let value = values[metric.name] else { return nil }
            let series = ObservedSeries(identity: SeriesIdentity(family: metric.name, labels: "")) { value }
            return MetricFamily(
                name: metric.name,
                source: .observed(metric.kind),
                help: metric.help,
                series: ["": series]
            )
        }
    }

    static func read() -> [String: Double] {
        var values: [String: Double] = [:]
        if let stat = Stat() {
            values["process_cpu_seconds_total"] = stat.cpuSeconds
            values["process_resident_memory_bytes"] = stat.residentBytes
            values["process_start_time_seconds"] = bootSecondsSinceEpoch + stat.startSecondsSinceBoot
        }
        values["process_open_fds"] = openDescriptors().map(Double.init)
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            values["process_max_fds"] = Double(limit.rlim_cur)
        }
        return values
    }

    /// Read once: the difference of two clocks would make the start time tremble.
    private static let bootSecondsSinceEpoch: Double = seconds(of: CLOCK_REALTIME) - seconds(of: CLOCK_BOOTTIME)

    private static func seconds(of clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        return max(entries - 3, 0)  // ".", ".." and the descriptor that reads the folder
    }

    /// The fields of `/proc/self/stat` that matter here; proc(5) numbers them from 1.
    private struct Stat {
        let cpuSeconds: Double
        let residentBytes: Double
        let startSecondsSinceBoot: Double

        init?() {
            guard let bytes = contents(of: "/proc/self/stat") else { return nil }
            // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
            guard let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " ")).map {
                Double(String(decoding: $0, as: UTF8.self))
            }
            func field(_ number: Int) -> Double? {
                fields.indices.contains(number - 3) ? fields[number - 3] : nil
            }
            guard let user = field(14), let system = field(15), let start = field(22), let pages = field(24) else {
                return nil
            }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            guard ticks > 0 else { return nil }
            cpuSeconds = (user + system) / ticks
            residentBytes = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
            startSecondsSinceBoot = start / ticks
        }
    }

    /// The first 4 KiB of a file, which is all of `/proc/self/stat`.
    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }
}
