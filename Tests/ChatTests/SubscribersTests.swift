import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Users are subscribed, unsubscribed and described (spec/official-channels.md B.4, B.5, B.8).
@Suite struct SubscribersTests {
    // Subscribing.

    @Test("what became of each is told in the order asked", arguments: StorageEngine.enabled)
    func added(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["bob"])
            try await installation.importAccounts("anna", "carl")

            let results = try await installation.subscribe("carl", "nobody", "bob", "anna", "no user ID", "")

            #expect(results == [.subscribed, .refused, .already, .subscribed, .refused, .refused])
            let page = try await installation.subscriberPage()
            #expect(page.subscriptions.map(\.user.rawValue) == ["bob", "anna", "carl"])
            #expect(page.total == 3)
        }
    }

    @Test("a user named twice subscribes once", arguments: StorageEngine.enabled)
    func addedTwice(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importAccounts("anna")

            let results = try await installation.subscribe("anna", "anna")

            #expect(results == [.subscribed, .already])
            #expect(try await installation.findChannel()?.subscribers == 1)
        }
    }

    @Test("a new subscription is as documented", arguments: StorageEngine.enabled)
    func newSubscription(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            installation.clock.advance(milliseconds: 90_500)
            try await installation.importSubscribers(["anna"])

            let page = try await installation.subscriberPage()
            let subscription = try #require(page.subscriptions.first)

            #expect(subscription.user == UserID("anna"))
            #expect(subscription.subscribedAt.milliseconds == ManualClock.start.milliseconds + 90_500)
            #expect(subscription.messageFlag == .acceptAndNotify)
            #expect(subscription.customString == "")
            #expect(subscription.lastSentSeconds == 0)
        }
    }

    @Test("an account of another application cannot subscribe", arguments: StorageEngine.enabled)
    func accountsOfOthers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            _ = try await installation.createChannel()
            _ = try await installation.accounts.importAll([.example()], for: installation.call(of: .other))

            let results = try await installation.subscribe("anna")

            #expect(results == [.refused])
        }
    }

    @Test("the owner is not subscribed to a new channel, and may subscribe", arguments: StorageEngine.enabled)
    func owner(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            #expect(try await installation.subscriberNames() == [])

            let results = try await installation.subscribe("administrator")
            #expect(results == [.subscribed])
        }
    }

    // Full channels.

    @Test("a channel fills up from the front of the list", arguments: StorageEngine.enabled)
    func fillsUp(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel(.example(maxSubscribers: 2))
            try await installation.importAccounts("anna", "bob", "carl")

            let results = try await installation.subscribe("nobody", "carl", "bob", "anna", "carl")

            #expect(results == [.refused, .subscribed, .subscribed, .refused, .already])
            #expect(try await installation.subscriberNames() == ["bob", "carl"])
            #expect(try await installation.findChannel()?.subscribers == 2)
        }
    }

    /// Of a channel that anna fills; bob is imported.
    @Test(
        "the call is refused as full only when somebody was kept out for that alone and nobody was there already",
        arguments: StorageEngine.enabled,
        [
            (names: ["bob"], results: nil),
            (names: ["nobody", "bob"], results: nil),
            (names: ["bob", "nobody"], results: nil),
            (names: ["nobody"], results: [Subscribing.refused]),
            (names: ["no user ID"], results: [.refused]),
            (names: ["anna"], results: [.already]),
            (names: ["anna", "bob"], results: [.already, .refused]),
            (names: ["bob", "anna"], results: [.refused, .already]),
            (names: ["nobody", "anna", "bob"], results: [.refused, .already, .refused]),
        ]
    )
    func full(engine: StorageEngine, row: (names: [String], results: [Subscribing]?)) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel(.example(maxSubscribers: 1))
            try await installation.importSubscribers(["anna"])
            try await installation.importAccounts("bob")

            var results: [Subscribing]?
            let error = await refusal { results = try await installation.subscribe(row.names) }

            #expect(results == row.results)
            #expect(error?.code == (row.results == nil ? .channelFull : nil))
            #expect(try await installation.subscriberNames() == ["anna"])
        }
    }

    @Test("whoever leaves makes room for exactly one", arguments: StorageEngine.enabled)
    func removalMakesRoom(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel(.example(maxSubscribers: 2))
            try await installation.importAccounts("anna", "bob", "carl", "dora")
            _ = try await installation.subscribe("anna", "bob")

            _ = try await installation.unsubscribe("anna")
            let results = try await installation.subscribe("carl", "dora")

            #expect(results == [.subscribed, .refused])
            #expect(try await installation.findChannel()?.subscribers == 2)
        }
    }

    @Test("a limit below the number of subscribers removes nobody and lets nobody in", arguments: StorageEngine.enabled)
    func loweredLimit(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob", "carl"])
            try await installation.importAccounts("dora")
            try await installation.channels.modify(.news, .example(maxSubscribers: 2), for: installation.call())

            let first = await refusal { try await installation.subscribe("dora") }
            _ = try await installation.unsubscribe("anna")
            let second = await refusal { try await installation.subscribe("dora") }
            _ = try await installation.unsubscribe("bob")
            let third = try await installation.subscribe("dora")

            #expect(first?.code == .channelFull)
            #expect(second?.code == .channelFull)
            #expect(third == [.subscribed])
            #expect(try await installation.subscriberNames() == ["carl", "dora"])
        }
    }

    @Test(
        "a limit holds exactly, however many subscribe at once",
        arguments: StorageEngine.enabled,
        [(calls: 120, batch: 1), (calls: 24, batch: 5), (calls: 13, batch: 10)]
    )
    func limitIsExact(engine: StorageEngine, row: (calls: Int, batch: Int)) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel(.example(maxSubscribers: 100))
            let names = (0..<row.calls * row.batch).map { "user_\($0)" }
            _ = try await installation.accounts.importAll(
                names.map { NewAccount(id: UserID($0)) },
                for: installation.call()
            )
            let call = try await installation.call()
            let outcomes = try await withThrowingTaskGroup(of: [Subscribing]?.self) { group in
                for number in 0..<row.calls {
                    let part = Array(names[number * row.batch..<(number + 1) * row.batch])
                    group.addTask {
                        let call = call.again(installation.random.hex(bytes: 16))
                        do {
                            return try await installation.subscribers.add(part, to: .news, for: call)
                        } catch let error as ChatError where error.code == .channelFull {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            let results = outcomes.compactMap(\.self).flatMap(\.self)
            #expect(results.filter { $0 == .subscribed }.count == 100)
            #expect(!results.contains(.already))
            #expect(try await installation.subscriberNames().count == 100)
            #expect(try await installation.findChannel()?.subscribers == 100)
        }
    }

    @Test("many who subscribe one user at once subscribe it once", arguments: StorageEngine.enabled)
    func oneUserAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importAccounts("anna")
            let results = try await withThrowingTaskGroup(of: [Subscribing].self) { group in
                for _ in 0..<20 { group.addTask { try await installation.subscribe("anna") } }
                return try await group.reduce(into: []) { $0 += $1 }
            }

            #expect(results.filter { $0 == .subscribed }.count == 1)
            #expect(results.filter { $0 == .already }.count == 19)
            #expect(try await installation.findChannel()?.subscribers == 1)
        }
    }

    // Unsubscribing.

    @Test("what became of each who was to leave is told in the order asked", arguments: StorageEngine.enabled)
    func removed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob", "carl"])
            try await installation.importAccounts("dora")

            let results = try await installation.unsubscribe("carl", "dora", "nobody", "anna", "carl", "no user ID")

            let (gone, not) = (Unsubscribing.unsubscribed, Unsubscribing.notSubscribed)
            #expect(results == [gone, not, not, gone, not, not])
            #expect(try await installation.subscriberNames() == ["bob"])
            #expect(try await installation.findChannel()?.subscribers == 1)
        }
    }

    @Test("many who unsubscribe one user at once count it out once", arguments: StorageEngine.enabled)
    func removedAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob"])
            let results = try await withThrowingTaskGroup(of: [Unsubscribing].self) { group in
                for _ in 0..<20 { group.addTask { try await installation.unsubscribe("anna") } }
                return try await group.reduce(into: []) { $0 += $1 }
            }

            #expect(results.filter { $0 == .unsubscribed }.count == 1)
            #expect(try await installation.findChannel()?.subscribers == 1)
        }
    }

    // Notes about subscribers.

    @Test("a note is written to one subscription and can be emptied", arguments: StorageEngine.enabled)
    func customString(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_other")))
            try await installation.importSubscribers(["anna", "bob"])
            _ = try await installation.subscribe(["anna"], to: ChannelID("@TOA#_other"))
            let subscribers = installation.subscribers

            try await subscribers.setCustomString("größte \u{1F6A2}", of: "anna", in: .news, for: installation.call())

            let notes = try await installation.subscriberPage().subscriptions.map(\.customString)
            let elsewhere = try await installation.subscriberPage(of: ChannelID("@TOA#_other")).subscriptions
            #expect(notes == ["größte \u{1F6A2}", ""])
            #expect(elsewhere.map(\.customString) == [""])

            try await subscribers.setCustomString("", of: "anna", in: .news, for: installation.call())
            #expect(try await installation.subscriberPage().subscriptions.map(\.customString) == ["", ""])
        }
    }

    @Test("who subscribes again begins without the old note", arguments: StorageEngine.enabled)
    func noteGoesWithSubscription(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna"])
            try await installation.subscribers.setCustomString(
                "vip",
                of: "anna",
                in: .news,
                for: installation.call()
            )
            _ = try await installation.unsubscribe("anna")
            installation.clock.advance(seconds: 10)

            _ = try await installation.subscribe("anna")

            let subscription = try #require(try await installation.subscriberPage().subscriptions.first)
            #expect(subscription.customString == "")
            #expect(subscription.subscribedAt == installation.clock.now)
        }
    }

    @Test(
        "a note about nobody who subscribes is 131003",
        arguments: StorageEngine.enabled,
        ["bob", "nobody", "no user ID", ""]
    )
    func noteAboutOthers(engine: StorageEngine, name: String) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna"])
            try await installation.importAccounts("bob")

            let error = await refusal {
                try await installation.subscribers.setCustomString(
                    "x",
                    of: name,
                    in: .news,
                    for: installation.call()
                )
            }

            #expect(error?.code == .notSubscribed)
        }
    }

    // Refusals of every operation.

    @Test("what does not exist has no subscribers to add, remove, list or describe", arguments: StorageEngine.enabled)
    func missingChannel(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            let application = try await installation.application()
            let errors = try await operations(of: installation, application)

            #expect(errors.prefix(4) == [.channelNotFound, .channelNotFound, .channelNotFound, .channelNotFound])
            #expect(errors.last == .some(nil), "the list is of the user, not of a channel")
        }
    }

    @Test("without the channel service every operation is refused", arguments: StorageEngine.enabled)
    func serviceOff(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna"])
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            let application = try await installation.applications.update(
                .example,
                change,
                by: installation.operation()
            )

            let errors = try await operations(of: installation, application)

            #expect(errors == Array(repeating: .channelServiceDisabled, count: 5))
            #expect(try await installation.count("subscriptions") == 1)
        }
    }

    /// What each operation is refused with: add, remove, page, note, list.
    private func operations(
        of installation: TestInstallation,
        _ application: Application
    ) async throws -> [ErrorCode?] {
        let (subscribers, now) = (installation.subscribers, installation.clock.now)
        let call = try await installation.call()
        return [
            await refusal { try await subscribers.add(["anna"], to: .news, for: call) }?.code,
            await refusal { try await subscribers.remove(["anna"], from: .news, for: call) }?.code,
            await refusal {
                try await subscribers.page(of: .news, after: nil, limit: 1, of: application, at: now)
            }?.code,
            await refusal { try await subscribers.setCustomString("", of: "anna", in: .news, for: call) }?.code,
            await refusal {
                try await subscribers.channels(of: "anna", offset: 0, limit: 1, of: application, at: now)
            }?.code,
        ]
    }

    // The record.

    @Test(
        "the audit tells who was added and removed, and nothing of calls that changed nothing",
        arguments: StorageEngine.enabled
    )
    func audited(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importAccounts("anna", "bob")
            for names in [["anna", "nobody"], ["anna"], ["bob"]] {
                installation.clock.advance(seconds: 1)
                _ = try await installation.subscribe(names)
            }
            for names in ["nobody", "bob"] {
                installation.clock.advance(seconds: 1)
                _ = try await installation.unsubscribe(names)
            }

            let entries = try await installation.audit().filter { $0.action.hasSuffix("_subscriber") }

            #expect(entries.map(\.action) == ["delete_subscriber", "add_subscriber", "add_subscriber"])
            #expect(entries.map(\.target) == ["@TOA#_news: bob", "@TOA#_news: bob", "@TOA#_news: anna"])
        }
    }
}

extension Call {
    /// The same call under another request ID.
    fileprivate func again(_ requestID: String) -> Call {
        Call(application: application, caller: caller, address: address, requestID: requestID, time: time)
    }
}
