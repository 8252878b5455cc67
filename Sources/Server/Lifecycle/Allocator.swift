import FoundationEssentials

#if canImport(Glibc)
import CGlibc
#endif

/// How the C library's allocator keeps the memory that was given back to it.
package enum Allocator {
    /// From this size on, in bytes, a block has pages of its own, which the machine has back at once.
    package static let ownPages: Int32 = 256 * 1024

    /// Has the process's memory follow what is in use; to be called first of all.
    ///
    /// Left to itself, glibc has up to eight arenas for each processor, none of which uses what is free in another. And it
    /// takes a large block that was given back as a sign to keep all of its like, so that tables and answers of a megabyte
    /// leave holes between what stays. A server's resident memory would grow for hours over a heap that does not.
    ///
    /// What the environment says of either stays as it is.
    ///
    /// - Parameter processors: how many may be used at once; so many arenas, and two at least, are enough.
    package static func keepLittle(processors: Int) {
        #if canImport(Glibc)
        if !isSet("MALLOC_ARENA_MAX", "glibc.malloc.arena_max") {
            _ = mallopt(M_ARENA_MAX, Int32(clamping: max(2, processors)))
        }
        if !isSet("MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold") {
            _ = mallopt(M_MMAP_THRESHOLD, ownPages)
        }
        #endif
    }

    private static func isSet(_ variable: String, _ tunable: String) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment[variable]?.isEmpty == false || environment["GLIBC_TUNABLES"]?.contains("\(tunable)=") == true
    }
}
