import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the disk under a data directory is like.
enum DiskExamination {
    private static let fewestBytes: UInt64 = 256 << 20
    private static let syncs = 50

    static func examine(_ path: String) -> [Finding] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return [
                .warning(
                    .disk,
                    "there is no directory \(path) yet",
                    "the first start of the server makes it; look again afterwards"
                )
            ]
        }
        guard isDirectory else { return [.error(.disk, "\(path) is a file", "name a directory as data-dir")] }
        return [space(in: path), access(to: path), sync(in: path)]
    }

    private static func space(in path: String) -> Finding {
        guard let space = MachineReadings.space(in: path) else {
            return .error(.disk, "the disk of \(path) tells nothing of itself: \(lastError)", "look at the mount")
        }
        return self.space(space)
    }

    static func space(_ space: MachineReadings.Space) -> Finding {
        let text = "\(space.free >> 20) of \(space.all >> 20) MiB are free"
        let advice = "make room, or move the directory: when the disk is full every write is refused"
        guard space.allFiles == 0 || space.freeFiles > 100 else {
            return .error(
                .disk,
                "only \(space.freeFiles) more files can be made",
                "remove files, or use another file system"
            )
        }
        if space.free < fewestBytes { return .error(.disk, text, advice) }
        if space.free < space.all / 10 { return .warning(.disk, text, advice) }
        return .ok(.disk, text)
    }

    private static func access(to path: String) -> Finding {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .error(.disk, "\(path) cannot be looked at: \(lastError)", "look at its owner and mode")
        }
        guard status.st_mode & 0o077 == 0 else {
            return .warning(.disk, "\(path) can be read by others of the machine", "run: chmod 700 \(path)")
        }
        return .ok(.disk, "only its owner can read \(path)")
    }

    /// Writes a page and has it made durable, again and again, as a commit does.
    private static func sync(in path: String) -> Finding {
        let name = "\(path)/.rostrum-doctor"
        unlink(name)
        let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            return .error(
                .fsync,
                "nothing can be written in \(path): \(lastError)",
                "look at the owner and mode of the directory and at the mount"
            )
        }
        defer {
            close(file)
            unlink(name)
        }
        let page = [UInt8](repeating: 0x5A, count: 4096)
        var durations: [Duration] = []
        for position in 0..<syncs {
            let start = ContinuousClock.now
            let written = pwrite(file, page, page.count, off_t(position * page.count))
            // It wrote what there was room for, and called that no error.
            if (0..<page.count).contains(written) { errno = ENOSPC }
            guard written == page.count, fsync(file) == 0 else {
                return .error(.fsync, "writing in \(path) fails: \(lastError)", "look at the disk and the kernel's log")
            }
            durations.append(ContinuousClock.now - start)
        }
        durations.sort()
        return sync(median: durations[syncs / 2], worst: durations[syncs - 1])
    }

    static func sync(median: Duration, worst: Duration) -> Finding {
        func words(_ duration: Duration) -> String { "\(Int64(duration / .microseconds(1))) µs" }
        let text = "a write is durable after \(words(median)), at worst \(words(worst))"
        if median < .microseconds(20) {
            return .warning(
                .fsync,
                text + ", which no disk can do",
                "the directory is in memory, or its disk says more than is true: it may not survive a loss of power"
            )
        }
        let advice = "use a local SSD: every commit waits for that, and a network or spinning disk makes it long"
        if median > .milliseconds(100) { return .error(.fsync, text, advice) }
        if median > .milliseconds(10) { return .warning(.fsync, text, advice) }
        return .ok(.fsync, text)
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}
