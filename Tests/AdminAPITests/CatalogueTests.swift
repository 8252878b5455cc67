import AdminAPI
import ChatProtocol
import RostrumTesting
import Testing

/// What holds for every command and every field that its card declares.
@Suite struct CatalogueTests {
    @Test("every command has an example, and every example a command")
    func examples() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            #expect(api.catalogue.names == Set(CommandExample.all.map(\.command)))
            #expect(api.catalogue.commands.count == CommandExample.all.count)
        }
    }

    @Test("paths are unique, in snake case, and find their command")
    func paths() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let cards = api.catalogue.commands.map { type(of: $0).card }

            #expect(Set(cards.map(\.path)).count == cards.count)
            #expect(Set(cards.map(\.name)).count == cards.count)
            for card in cards {
                #expect(card.path.wholeMatch(of: /[a-z]+(_[a-z]+)*\/[a-z]+(_[a-z]+)*/) != nil)
                #expect(api.catalogue.command(at: "/v4/" + card.path) != nil)
                #expect(api.catalogue.command(at: card.path) == nil)
                #expect(api.catalogue.command(at: "/v4/" + card.path + "/") == nil)
                #expect(api.catalogue.command(at: "/v4/" + card.path.uppercased()) == nil)
            }
        }
    }

    @Test("every card explains itself and names documented codes only")
    func cards() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            for card in api.catalogue.commands.map({ type(of: $0).card }) {
                #expect(card.summary.hasSuffix("."), "\(card.name)")
                #expect(card.documents.allSatisfy { $0.wholeMatch(of: /\d+\/\d+/) != nil }, "\(card.name)")
                let codes =
                    card.errors + [card.codes.invalidParameter, card.codes.bodyNotObject, card.codes.internalFault]
                for code in codes {
                    #expect(ErrorCode.documented[code] != nil, "\(card.name) answers \(code.rawValue)")
                }
                #expect(Set(card.errors).count == card.errors.count, "\(card.name)")
                #expect(card.codes.invalidParameter == DocumentedCode.invalidParameter(of: card), "\(card.name)")
                #expect(card.codes.internalFault == DocumentedCode.internalFault(of: card), "\(card.name)")
                let names = card.fields.flatMap { [$0.name] + $0.aliases }
                #expect(Set(names).count == names.count, "\(card.name)")
            }
        }
    }

    @Test("the least body succeeds", arguments: CommandExample.all)
    func leastBody(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()

            let reply = try await api.call(example.command, example.body)

            #expect(reply.code == .ok, "\(reply.info)")
        }
    }

    /// A field that is declared and never read fails here: no wrong value of it would be refused.
    @Test("a value of a wrong type is refused with the documented code, and named", arguments: CommandExample.all)
    func wrongTypes(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(example.command))

            for field in card.fields {
                let kind = try #require(FieldKind(rule: field.rule), "\(field.name): \(field.rule)")
                for name in [field.name] + field.aliases {
                    for value in kind.wrongValues {
                        let body = example.object.setting(field.name, to: nil).setting(name, to: value)
                        let reply = try await api.call(example.command, body)
                        #expect(
                            reply.code == DocumentedCode.wrong(value, for: kind, of: card) && reply.info.contains(name),
                            "\(name): \(value) gives \(reply.code.rawValue) \(reply.info)"
                        )
                    }
                }
            }
        }
    }

    @Test(
        "a required field that is left out is refused with the documented code, and named",
        arguments: CommandExample.all
    )
    func missingFields(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api async throws in
            try await api.prepare()
            let card = try #require(api.card(example.command))
            #expect(!card.fields.filter(\.isRequired).isEmpty)

            for field in card.fields where field.isRequired {
                let reply = try await api.call(example.command, example.object.setting(field.name, to: nil))
                #expect(reply.code == DocumentedCode.invalidParameter(of: card), "\(field.name): \(reply.info)")
                #expect(reply.info.contains(field.name) && reply.info.contains(field.rule), "\(reply.info)")
            }
        }
    }

    @Test("an example has only required fields", arguments: CommandExample.all)
    func examplesAreLeast(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let card = try #require(api.card(example.command))

            let required = card.fields.filter(\.isRequired).map(\.name)
            #expect(Set(example.object.members.map(\.name)) == Set(required))
        }
    }

    @Test("an alias stands for the name, and the name wins over it", arguments: CommandExample.all)
    func aliases(example: CommandExample) async throws {
        let card = try await StorageEngine.sqlite.withAPI { try #require($0.card(example.command)) }
        for field in card.fields {
            for alias in field.aliases {
                try await StorageEngine.sqlite.withAPI { api in
                    try await api.prepare()
                    let value = try #require(example.object[field.name])
                    let both = example.object.setting(alias, to: JSONValue("[]"))
                    let aliasAlone = example.object.setting(field.name, to: nil).setting(alias, to: value)

                    let winning = try await api.call(example.command, both)
                    let standingIn = try await api.call(example.command, aliasAlone)

                    #expect(winning.code == .ok, "\(winning.info)")
                    #expect(standingIn.code == .ok, "\(standingIn.info)")
                }
            }
        }
    }

    @Test("fields that no card declares are ignored, and case counts in names", arguments: CommandExample.all)
    func unknownFields(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(example.command))
            var body = example.object.setting("Nobody_Knows", to: JSONValue(#"{"deep":[null]}"#))
            body = body.setting("", to: .null).setting("ErrorCode", to: .bool(true))
            for field in card.fields { body = body.setting(field.name.lowercased() + "_", to: .null) }
            for field in card.fields { body = body.setting(field.name.uppercased() + " ", to: .null) }

            let reply = try await api.call(example.command, body)

            #expect(reply.code == .ok, "\(reply.info)")
        }
    }

    static let itemFields = [
        ("get_official_account_info", "OfficialAccountIdList", "Official_Account"),
        ("multiaccount_import", "AccountList", "UserID"),
        ("account_delete", "DeleteItem", "UserID"),
        ("account_check", "CheckItem", "UserID"),
    ]

    @Test("an item of a list that is wrong is named with its place", arguments: itemFields)
    func items(command: String, list: String, field: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(command))
            let good = #"{"\#(field)":"@TOA#_news"}"#

            for (item, place, kind) in [
                ("{}", "\(list)[1].\(field)", FieldKind.text),
                (#"{"\#(field)":null}"#, "\(list)[1].\(field)", .account),
                (#"{"\#(field)":7}"#, "\(list)[1].\(field)", .account),
                (#"{"\#(field)":["x"]}"#, "\(list)[1].\(field)", .account),
                ("null", "\(list)[1]", .text), ("7", "\(list)[1]", .text), (#""anna""#, "\(list)[1]", .text),
                (#"[{"\#(field)":"anna"}]"#, "\(list)[1]", .text),
            ] {
                let reply = try await api.call(command, #"{"\#(list)":[\#(good),\#(item),\#(good)]}"#)
                let value = JSONValue(item)[field] ?? .null
                #expect(
                    reply.code == DocumentedCode.wrong(value, for: kind, of: card),
                    "\(item): \(reply.code.rawValue) \(reply.info)"
                )
                #expect(reply.info.contains(place), "\(reply.info)")
            }
        }
    }

    @Test(
        "an item of a list of names that is no string is named with its place",
        arguments: [
            ("multiaccount_import", "Accounts", 60015), ("query_online_status", "To_Account", 90003),
        ]
    )
    func nameItems(command: String, list: String, code: Int) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            for item in ["7", "true", "{}", "[]"] {
                let reply = try await api.call(command, #"{"\#(list)":["administrator",\#(item)]}"#)
                #expect(reply.code.rawValue == code, "\(item): \(reply.info)")
                #expect(reply.info.contains("\(list)[1]"), "\(reply.info)")
            }
        }
    }

    @Test("the filter inside a filter is read: a wrong one is refused and named with its place")
    func innerFilter() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            for filter in ["null", "7", #""Name""#, "{}", "[7]", "[null]", #"[["Name"]]"#] {
                let reply = try await api.call(
                    "get_official_account_info",
                    """
                    {"OfficialAccountIdList":[{"Official_Account":"@TOA#_news"}],
                     "ResponseFilter":{"OfficialAccountBaseInfoFilter":\(filter)}}
                    """
                )
                #expect(reply.code.rawValue == 6017, "\(filter)")
                #expect(reply.info.contains("ResponseFilter.OfficialAccountBaseInfoFilter"), "\(reply.info)")
            }
        }
    }
}
