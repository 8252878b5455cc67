import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// What an application may be made of, whoever makes it.
@Suite struct ApplicationRulesTests {
    private static func change(_ body: (inout ApplicationChange) -> Void) -> ApplicationChange {
        var change = ApplicationChange()
        body(&change)
        return change
    }

    @Test("a key has 1 to 256 bytes, wherever it is given", arguments: StorageEngine.enabled)
    func keys(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (applications, operation) = (installation.applications, { installation.operation() })
            for key in ["", String(repeating: "k", count: 257), String(repeating: "é", count: 129)] {
                let refusals = [
                    await refusal { try await applications.create(.example(id: .other, key: key), by: operation()) },
                    await refusal { try await applications.rotateKey(of: .example, to: key, by: operation()) },
                    await refusal { try await applications.replaceKeys(of: .example, with: key, by: operation()) },
                ]
                for error in refusals {
                    #expect(error?.code.rawValue == 70402)
                    #expect(error?.info.contains("key must be 1 to 256 bytes") == true)
                }
            }
            #expect(try await installation.application().keys.map(\.text) == [NewApplication.exampleKey])
            #expect(try await applications.find(.other) == nil)

            for key in ["k", String(repeating: "k", count: 256)] {
                _ = try await applications.replaceKeys(of: .example, with: key, by: operation())
            }
        }
    }

    @Test("a name has at most 150 bytes, when it is made and when it is changed", arguments: StorageEngine.enabled)
    func names(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications
            let (long, longest) = (String(repeating: "n", count: 151), String(repeating: "n", count: 150))

            let refusals = [
                await refusal {
                    try await applications.create(.example(id: .other, name: long), by: installation.operation())
                },
                await refusal {
                    let change = Self.change { $0.name = long }
                    _ = try await applications.update(.example, change, by: installation.operation())
                },
            ]

            for error in refusals {
                #expect(error?.code.rawValue == 70402)
                #expect(error?.info.contains("name must be 0 to 150 bytes") == true)
            }
            let change = Self.change { $0.name = longest }
            let changed = try await applications.update(.example, change, by: installation.operation())

            #expect(changed.name == longest)
        }
    }

    @Test("a webhook token has at most 256 bytes", arguments: StorageEngine.enabled)
    func webhookToken(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation async throws in
            func error(_ count: Int) async -> ChatError? {
                await refusal {
                    let change = Self.change { $0.webhooks.token = String(repeating: "t", count: count) }
                    _ = try await installation.applications.update(.example, change, by: installation.operation())
                }
            }

            let (tooLong, longest) = (await error(257), await error(256))

            #expect(tooLong?.info.contains("webhook token must be 0 to 256 bytes") == true)
            #expect(longest == nil)
            #expect(try await installation.application().webhooks.token.utf8.count == 256)
        }
    }

    @Test("a limit has the values that its name allows", arguments: Limits.Name.allCases)
    func limits(name: Limits.Name) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            for value in [name.allowed.lowerBound - 1, name.allowed.upperBound + 1, .min, .max] {
                let error = await refusal { try await installation.setLimits([name: value]) }
                #expect(error?.code.rawValue == 70402)
                #expect(error?.info.contains("\(name.rawValue) must be \(name.allowed.lowerBound) to ") == true)
            }
            #expect(try await installation.application().ownLimits == [:])

            for value in [name.allowed.lowerBound, name.allowed.upperBound] {
                try await installation.setLimits([name: value])
                #expect(try await installation.application().ownLimits == [name: value])
            }
        }
    }
}
