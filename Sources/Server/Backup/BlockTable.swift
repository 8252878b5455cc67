/// The blocks of a backed-up database: of each its SHA-256, and whether it stands in the file or in that of the base.
struct BlockTable: Equatable {
    static let digestBytes = 32
    private static let entryBytes = digestBytes + 1

    /// As it stands in the file: the digest of each block, then 1 where the block follows and 0 where the base has it.
    private(set) var bytes: [UInt8] = []

    init() {}

    /// Nil unless the bytes are those of a table for so many blocks.
    init?(_ bytes: [UInt8], blocks: Int) {
        guard bytes.count == Self.bytes(ofBlocks: blocks) else { return nil }
        self.bytes = bytes
        guard (0..<blocks).allSatisfy({ self.bytes[($0 + 1) * Self.entryBytes - 1] <= 1 }) else { return nil }
    }

    static func bytes(ofBlocks blocks: Int) -> Int { blocks * entryBytes }

    var count: Int { bytes.count / Self.entryBytes }

    mutating func append(_ digest: some Collection<UInt8>, isStored: Bool) {
        bytes.append(contentsOf: digest)
        bytes.append(isStored ? 1 : 0)
    }

    func digest(of block: Int) -> ArraySlice<UInt8> {
        bytes[(block * Self.entryBytes)..<((block + 1) * Self.entryBytes - 1)]
    }

    func isStored(_ block: Int) -> Bool {
        bytes[(block + 1) * Self.entryBytes - 1] == 1
    }
}
