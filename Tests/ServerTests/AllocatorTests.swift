import Glibc
import RostrumTesting
import Server
import Testing

@Suite struct AllocatorTests {
    /// Whether the allocator has given a block pages of its own; it says so in the word before it.
    private static func hasOwnPages(_ block: UnsafeMutableRawPointer) -> Bool {
        (block - MemoryLayout<UInt>.size).load(as: UInt.self) & 2 != 0
    }

    @Test(
        "a large block has pages of its own, also after a larger one was given back",
        .disabled(if: Sanitizer.allocates)
    )
    func ownPages() async {
        // A process of its own: nothing large is free there, which would be taken first, and no other test has this allocator.
        await #expect(processExitsWith: .success) {
            Allocator.keepLittle(processors: 2)
            free(malloc(30 << 20))

            let large: UnsafeMutableRawPointer = malloc(24 << 20)
            let small: UnsafeMutableRawPointer = malloc(Int(Allocator.ownPages) / 2)
            #expect(AllocatorTests.hasOwnPages(large))
            #expect(!AllocatorTests.hasOwnPages(small))
        }
    }
}
