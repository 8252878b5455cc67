import FoundationEssentials
import RostrumClient
import RostrumTesting
import Testing

@Suite("Positions in a file")
struct PositionStoreTests {
    @Test("are there for the next run")
    func roundTrip() async throws {
        try await withTemporaryFile { path in
            let store = FilePositionStore(path: path)
            #expect(try await store.positions().isEmpty)
            try await store.store(at(3), of: "@TOA#_news")
            try await store.store(at(4), of: "@TOA#_ä\"")
            try await store.store(at(5), of: "@TOA#_news")
            try await store.store(at(1), of: "@TOA#_gone")
            try await store.forget("@TOA#_gone")

            let next = FilePositionStore(path: path)
            #expect(try await next.positions() == ["@TOA#_news": at(5), "@TOA#_ä\"": at(4)])
            #expect(!FileManager.default.fileExists(atPath: "\(path).new"))
        }
    }

    @Test(
        "that cannot be read are told, and not replaced",
        arguments: [
            "", "[]", #"{"@TOA#_news":{"Epoch":"e"}}"#, #"{"a":1}"#,
            #"{"@TOA#_news":{"Epoch":"e","MsgSeq":-1,"EventSeq":1}}"#,
        ]
    )
    func unreadable(text: String) async throws {
        try await withTemporaryFile { path in
            try Data(text.utf8).write(to: URL(filePath: path))
            let store = FilePositionStore(path: path)

            await #expect {
                try await store.positions()
            } throws: { error in
                error is FilePositionStore.Unreadable && "\(error)".contains("\(path) holds no positions")
                    && "\(error)".contains("remove it")
            }
            await #expect(throws: FilePositionStore.Unreadable.self) { try await store.store(at(1), of: "a") }
            #expect(try Data(contentsOf: URL(filePath: path)) == Data(text.utf8))
        }
    }

    @Test("that cannot be written are told")
    func unwritable() async throws {
        let store = FilePositionStore(path: "/nowhere/at/all/positions.json")
        await #expect {
            try await store.store(at(1), of: "a")
        } throws: { error in
            (error as? FilePositionStore.Unwritable)?.problem == "No such file or directory"
        }
    }

    private func withTemporaryFile(_ body: (String) async throws -> Void) async throws {
        let path = "\(FileManager.default.temporaryDirectory.path)/rostrum-positions-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }
}
