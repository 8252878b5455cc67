import FoundationEssentials
import RostrumTesting
import Testing

@testable import Server

/// A file that appears whole or not at all.
@Suite struct NewFileTests {
    private static func contents(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a file has its name when it is finished, and its draft has none")
    func finished() async throws {
        try await withTemporaryDirectory { place in
            let path = "\(place)/file"
            let file = try NewFile(path)
            try file.append("whole".utf8)
            #expect(Self.contents(path) == nil)

            try file.finish()

            #expect(Self.contents(path) == "whole")
            #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["file"])
        }
    }

    @Test("a file that came there meanwhile is not overwritten")
    func cameMeanwhile() async throws {
        try await withTemporaryDirectory { place in
            let path = "\(place)/file"
            let file = try NewFile(path)
            try file.append("new".utf8)
            try writeFile(path, "theirs")

            let error = #expect(throws: StartError.self) { try file.finish() }

            #expect(error?.description.contains("not overwritten") == true)
            #expect(Self.contents(path) == "theirs" && Self.contents(file.draft) == "new")
        }
    }

    @Test("one at a time writes a draft")
    func locked() async throws {
        try await withTemporaryDirectory { place in
            let path = "\(place)/file"
            let file = try NewFile(path)
            try file.append("first".utf8)

            let error = #expect(throws: StartError.self) { _ = try NewFile(path) }
            try file.finish()

            #expect(error?.description.contains("another process writes") == true)
            #expect(Self.contents(path) == "first")
        }
    }

    @Test("a draft that is also a finished file, as a kill may leave it, is not written to", arguments: [false, true])
    func bothNames(keepingDraft: Bool) async throws {
        try await withTemporaryDirectory { place in
            let (path, moved) = ("\(place)/file", "\(place)/moved")
            try writeFile(moved, "whole")
            try FileManager.default.linkItem(atPath: moved, toPath: NewFile.draft(of: path))

            let file = try NewFile(path, keepingDraft: keepingDraft)
            try file.append("another".utf8)
            try file.finish()

            #expect(Self.contents(moved) == "whole" && Self.contents(path) == "another")
        }
    }

    @Test("of many that make one file at once one does, and all of it is of that one")
    func race() async throws {
        try await withTemporaryDirectory { place in
            for round in 0..<40 {
                let path = "\(place)/file\(round)"
                let made = await withTaskGroup(of: String?.self) { group in
                    for number in 0..<6 {
                        group.addTask {
                            let text = String(repeating: "\(number)", count: 1000)
                            do {
                                let file = try NewFile(path)
                                try file.append(text.utf8)
                                try file.finish()
                                return text
                            } catch {
                                return nil
                            }
                        }
                    }
                    return await group.reduce(into: [String]()) { made, text in
                        if let text { made.append(text) }
                    }
                }
                #expect(made.count == 1)
                #expect(Self.contents(path) == made.first)
            }
        }
    }
}
