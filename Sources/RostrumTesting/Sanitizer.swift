#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A sanitizer that this program was built with; `rostrum` is then, too.
package enum Sanitizer {
    /// Whether one has put its own allocator in the place of the C library's.
    package static var allocates: Bool {
        let program = dlopen(nil, RTLD_NOW)
        return dlsym(program, "__asan_init") != nil || dlsym(program, "__tsan_init") != nil
    }
}
