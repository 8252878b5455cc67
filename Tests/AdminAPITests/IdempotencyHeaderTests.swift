import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The header `Idempotency-Key`: how a caller who lost a reply asks again (design section 3).
@Suite struct IdempotencyHeaderTests {
    static let noNames = [
        "", " ", "a b", " a", "a ", "é", "港", "a\tb", "a\nb", "a\u{0}", "\u{7F}", "a\u{200B}",
        String(repeating: "k", count: 256), String(repeating: "k", count: 100_000),
    ]

    @Test("a name that is no name is refused with 60002 and the rule", arguments: noNames)
    func badNames(name: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let reply = try await api.call("account_import", #"{"UserID":"anna"}"#, idempotencyKey: name)

            #expect(reply.code.rawValue == 60002)
            #expect(reply.info.contains("Idempotency-Key") && reply.info.contains("255"))
            #expect(try await api.installation.accounts.page(of: .example, after: "", limit: 10).count == 1)
        }
    }

    @Test("any visible ASCII from 1 to 255 characters is a name", arguments: ["!", "~", "a", "%00", "{}", "'--"])
    func goodNames(name: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let longest = name + String(repeating: "k", count: 255 - name.utf8.count)
            for key in [name, longest] {
                let reply = try await api.call("account_import", #"{"UserID":"anna"}"#, idempotencyKey: key)
                #expect(reply.code == .ok, "\(reply.info)")
            }
        }
    }

    static let writing = CommandExample.all.filter { !CommandExample.reading.contains($0.command) }

    @Test("asking again gives the first answer under another RequestId, and does nothing", arguments: writing)
    func replay(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()

            let first = try await api.call(example.command, example.body, idempotencyKey: "k")
            let auditAfterFirst = try await api.installation.audit().count
            api.installation.clock.advance(seconds: 60)
            let again = try await api.call(example.command, example.body, idempotencyKey: "k")

            #expect(first.code == .ok, "\(first.info)")
            #expect(again.code == .ok && again.payload == first.payload, "\(again.info)")
            #expect(again.requestID != first.requestID)
            #expect(try await api.installation.audit().count == auditAfterFirst)
        }
    }

    @Test("another body, by a byte, or another command under the same key is refused with 60002")
    func anotherRequest() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let body = #"{"UserID":"anna"}"#
            #expect(try await api.call("account_import", body, idempotencyKey: "k").code == .ok)

            for (command, body) in [("account_import", body + " "), ("account_import", "{}"), ("kick", body)] {
                let reply = try await api.call(command, body, idempotencyKey: "k")
                // A body that breaks a rule may be refused for that instead.
                #expect(body == "{}" ? reply.code != .ok : reply.code.rawValue == 60002, "\(command) \(body)")
            }
            #expect(try await api.call("account_import", body, idempotencyKey: "k").code == .ok)
            #expect(try await api.call("kick", body, idempotencyKey: "K").code == .ok)
        }
    }

    @Test("a refused call keeps nothing: it may be tried again under its key")
    func refusedCalls() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let body = #"{"UserID":"anna"}"#
            #expect(try await api.call("kick", body, idempotencyKey: "k").code.rawValue == 70107)
            try await api.installation.importAccounts("anna")

            #expect(try await api.call("kick", body, idempotencyKey: "k").code == .ok)
        }
    }

    @Test(
        "a reading command ignores the key",
        arguments: CommandExample.all.filter { CommandExample.reading.contains($0.command) }
    )
    func reading(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let first = try await api.call(example.command, example.body, idempotencyKey: "k")
            let withSpace = try await api.call(example.command, example.body + " ", idempotencyKey: "k")
            _ = try await api.call("account_delete", #"{"DeleteItem":[{"UserID":"anna"}]}"#)
            _ = try await api.call("destroy_official_account", #"{"Official_Account":"@TOA#_news"}"#)

            let later = try await api.call(example.command, example.body, idempotencyKey: "k")

            #expect(first.code == .ok && withSpace.payload == first.payload)
            #expect(later.payload != first.payload)
        }
    }

    @Test("a key belongs to its application")
    func perApplication() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            _ = try await api.installation.applications.create(.example(id: .other), by: api.installation.operation())

            let one = try await api.call("account_import", #"{"UserID":"anna"}"#, idempotencyKey: "k")
            let other = try await api.call("account_import", #"{"UserID":"bella"}"#, of: .other, idempotencyKey: "k")

            #expect(one.code == .ok)
            #expect(other.code == .ok, "\(other.info)")
        }
    }

    @Test("twenty calls at once under one key make one channel")
    func concurrent() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let body = #"{"Owner_Account":"administrator","Name":"One"}"#

            let replies = try await withThrowingTaskGroup(of: TestAPI.Reply.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await api.call("create_official_account", body, idempotencyKey: "k") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(replies.allSatisfy { $0.code == .ok })
            #expect(Set(replies.compactMap { $0["OfficialAccountUserID"]?.text }).count == 1)
            #expect(Set(replies.map(\.requestID)).count == 20)
            #expect(try await api.installation.applications.usage(of: .example).channels == 1)
        }
    }
}
