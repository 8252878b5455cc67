import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// Files that are no export, or no longer one, are refused before anything is written.
@Suite struct ArchiveFileTests {
    /// What is done to the lines of a good file.
    typealias Change = @Sendable (inout [String]) -> Void

    static let changes: [(name: String, change: Change, said: String)] = [
        (
            "a version of another time", { $0[0] = $0[0].replacing("\"Version\":1", with: "\"Version\":2") },
            "line 1: the export has version 2"
        ),
        ("no header", { $0.removeFirst() }, "line 1: this is no export"),
        ("nothing", { $0 = [] }, "before the line that says End"),
        ("a header alone", { $0 = [$0[0]] }, "before the line that says End"),
        ("no application", { $0.remove(at: 1) }, "line 2: the second line is no Application"),
        ("no end", { $0.removeLast() }, "before the line that says End"),
        ("a line behind the end", { $0.append($0[3]) }, "there is a line behind the end"),
        ("an end that counts another number", { $0[$0.count - 1] = #"{"Kind":"End","Lines":3}"# }, "and it says 3"),
        ("no JSON", { $0[4] = "{" }, "line 5: it is no JSON: cut short"),
        ("no object", { $0[4] = "[]" }, "line 5: it is an array"),
        ("an empty line", { $0.insert("", at: 4) }, "line 5: it is no JSON"),
        ("a kind that is unknown", { $0[4] = #"{"Kind":"Group"}"# }, "line 5: there is no kind of line Group"),
        ("a member that is missing", { $0[4] = #"{"Kind":"Account","UserID":"anna"}"# }, "line 5: Nick is missing"),
        (
            "a member that is unknown", { $0[4] = $0[4].replacing("\"Nick\"", with: "\"Age\":1,\"Nick\"") },
            "line 5: there is no member Age"
        ),
        (
            "a name that is not allowed", { $0[4] = $0[4].replacing("\"UserID\":\"", with: "\"UserID\":\"@TOA#") },
            "line 5: UserID is a string"
        ),
        (
            "a number that is text", { $0[4] = $0[4].replacing("\"CreatedAt\":", with: "\"CreatedAt\":\"1\",\"X\":") },
            "line 5: CreatedAt is a string"
        ),
        ("a NUL", { $0[4] = $0[4].replacing("\"Nick\":\"", with: "\"Nick\":\"\\u0000") }, "line 5: Nick is a string"),
        ("the same line again", { $0.insert($0[4], at: 4) }, "line 6: it does not follow the line before"),
        ("lines out of order", { $0.swapAt(3, 4) }, "line 5: it does not follow the line before"),
        ("a subscription less", { $0.remove(at: 10) }, "1 subscriptions fewer than its line says"),
        ("a broadcast less", { $0.remove(at: $0.count - 3) }, "Seq must be 6"),
        ("the last broadcast less", { $0.remove(at: $0.count - 2) }, "has broadcasts up to 6 and says 7"),
        (
            "a channel's line less", { $0.remove(at: 9) },
            "line 10: it does not follow the line before"
        ),
        (
            "the channels' lines less", { $0.removeSubrange(8...9) },
            "it is of a channel whose line does not stand before it"
        ),
        (
            "secrets that the header denies",
            { $0[0] = $0[0].replacing("\"Secrets\":true", with: "\"Secrets\":false") }, "line 2: the header says"
        ),
        (
            "a limit that is unknown", { $0[1] = $0[1].replacing("\"Limits\":{", with: "\"Limits\":{\"seats\":1,") },
            "line 2: there is no limit seats"
        ),
        (
            "a line that is too long", { $0[4] = String(repeating: "x", count: ArchiveReader.longestLine + 10) },
            "line 5: it is longer than"
        ),
    ]

    @Test(
        "a file that is not in order is refused with the number of the line, and nothing is written",
        arguments: changes.indices
    )
    func refused(number: Int) async throws {
        let (name, change, said) = Self.changes[number]
        try await ExportedApplication.with(.sqlite) { exported in
            try await exported.export("good")
            var lines = exported.lines("good")
            change(&lines)
            try exported.write("bad", lines)
            try await withOpenedStorage(on: .sqlite) { _, other in
                let refusal = await exported.refusal(importing: "bad", into: other)

                let applications = try await TestInstallation(database: other.database).applications.all()
                #expect(refusal?.contains(said) == true, "\(name): \(refusal ?? "it was taken")")
                #expect(applications.isEmpty, "\(name)")
            }
        }
    }

    @Test("several bad lines are told at once")
    func several() async throws {
        try await ExportedApplication.with(.sqlite) { exported in
            try await exported.export("good")
            var lines = exported.lines("good")
            for line in [3, 5, 12] { lines[line] = "{}" }
            try exported.write("bad", lines)
            try await withOpenedStorage(on: .sqlite) { _, other in
                let refusal = try #require(await exported.refusal(importing: "bad", into: other))

                for line in [4, 6, 13] { #expect(refusal.contains("line \(line): Kind is missing"), "\(refusal)") }
                #expect(refusal.split(separator: "\n").count == 4, "\(refusal)")
            }
        }
    }

    @Test("a file that was cut off anywhere is refused; only its last newline may be missing")
    func cut() async throws {
        try await ExportedApplication.with(.sqlite) { exported in
            try await exported.export("good")
            let good = exported.contents("good")
            try await withOpenedStorage(on: .sqlite) { _, other in
                for count in stride(from: 0, to: good.count - 1, by: 97) {
                    try good.prefix(count).write(to: URL(filePath: exported.file("cut")))
                    #expect(await exported.refusal(importing: "cut", into: other) != nil, "after \(count) bytes")
                }
                try good.dropLast().write(to: URL(filePath: exported.file("cut")))
                #expect(await exported.refusal(importing: "cut", into: other) == nil)
            }
        }
    }
}
