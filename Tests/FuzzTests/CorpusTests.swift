import Foundation
import FuzzEntries
import FuzzServerEntries
import Testing

/// Every input that ever told something new, or was a finding, through what is demanded of it; without libFuzzer.
@Suite struct CorpusTests {
    @Test("what came in once is judged as it should be")
    func corpus() async throws {
        try await withEntries { entries in
            for entry in entries + serverEntries { try await replay(entry) }
            let names = Set((entries + serverEntries).map(\.name))
            #expect(try names == Set(Self.contents(of: Self.corpus)), "Fuzz/corpus has a directory for each entry")
        }
    }

    private func replay(_ entry: Entry) async throws {
        let directory = Self.corpus.appending(path: entry.name)
        let files = try Self.contents(of: directory)
        #expect(!files.isEmpty, "there is nothing in \(directory.path)")
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: directory.appending(path: file)))
            do throws(Objection) {
                try await entry.judge(bytes)
            } catch {
                Issue.record("Fuzz/corpus/\(entry.name)/\(file): \(error)")
            }
        }
    }

    @Test("a finding is told")
    func findings() async {
        let entry = Entry("even") { bytes throws(Objection) in
            try demand(bytes.count.isMultiple(of: 2), "\(bytes.count) is odd")
        }

        await #expect(throws: Never.self) { try await entry.judge([1, 2]) }
        let finding = await #expect(throws: Objection.self) { try await entry.judge([1]) }
        #expect(finding?.description == "1 is odd")
    }

    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz/corpus")

    private static func contents(of directory: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    }
}
