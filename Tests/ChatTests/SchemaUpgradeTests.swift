import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// A storage of an earlier schema is opened by this version and works.
@Suite struct SchemaUpgradeTests {
    @Test(
        "a storage at schema 1 opens with its channels, which take subscribers and broadcasts",
        arguments: StorageEngine.enabled
    )
    func fromFirst(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Array(Schema.migrations.prefix(1))) { database in
            let installation = TestInstallation(database: database)
            for name in ["anna", "bob"] {
                try await installation.execute(
                    """
                    INSERT INTO accounts (app, id, nick, face_url, signatures_void_until_seconds, created_at)
                    VALUES (\(SDKAppID.example), \(name), '', '', -1, \(ManualClock.start))
                    """
                )
            }
            for (id, maxSubscribers) in [("@TOA#_news", Int64(1)), ("@TOA#_other", 5000)] {
                try await installation.execute(
                    """
                    INSERT INTO channels (app, id, owner, name, introduction, face_url, organization, custom_string,
                        max_subscribers, subscribers, last_message_at, created_at)
                    VALUES (\(SDKAppID.example), \(id), 'administrator', \("Old " + id), 'Tides', 'h.png', 'Port', '{}',
                        \(maxSubscribers), 0, 0, \(ManualClock.start))
                    """
                )
            }

            let steps = try await database.migrate(Schema.migrations)
            // The tables of applications are as they were, so theirs can be made now.
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.execute("UPDATE application_usage SET channels = 2, accounts = 3")

            #expect(steps == Schema.migrations.count - 1)
            let found = try await installation.channels.page(of: .example, after: "", limit: 10)
            #expect(found.map(\.profile.name) == ["Old @TOA#_news", "Old @TOA#_other"])
            #expect(found.map(\.maxSubscribers) == [1, 5000])
            #expect(found.map(\.headSeq) == [0, 0])

            let results = try await installation.subscribe("anna", "bob")
            let key = try await installation.send(.example())
            #expect(results == [.subscribed, .refused])
            #expect(key.seq == 1)
            #expect(try await installation.history().broadcasts.map(\.key) == [key])
            #expect(try await installation.recall(key.rawValue) == [.ok])

            // Both old channels carry the same incarnation: what one leaves must not touch the other.
            _ = try await installation.subscribe(["anna", "bob"], to: ChannelID("@TOA#_other"))
            try await installation.recreateChannel()
            try await installation.systems.sweep.run()
            #expect(try await installation.subscriberNames() == [])
            #expect(try await installation.subscriberNames(of: ChannelID("@TOA#_other")) == ["anna", "bob"])
            #expect(try await installation.channelCount() == 2)
        }
    }

    @Test(
        "a storage at schema 2 opens with its broadcasts and subscriptions, which can be resumed, read and counted",
        arguments: StorageEngine.enabled
    )
    func fromSecond(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Array(Schema.migrations.prefix(2))) { database in
            // What this version writes of a channel, its posts and recalls is what the one before wrote; a subscription
            // had no version.
            let installation = TestInstallation(database: database)
            // Of what this version writes besides, only the making of an application, into a table that was not there.
            try await installation.execute(
                "CREATE TABLE operator_audit (at BIGINT, request TEXT, operator TEXT, address TEXT, action TEXT, target TEXT)"
            )
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.execute("DROP TABLE operator_audit")
            try await installation.prepareChannel()
            let incarnation = try await installation.channel().incarnation
            try await installation.execute(
                """
                INSERT INTO subscriptions (app, channel, incarnation, account, position, subscribed_at, joined_seq,
                    read_seq, message_flag, custom_string, last_sent_at_seconds)
                VALUES (\(SDKAppID.example), \(ChannelID.news), \(incarnation), 'anna', 1, \(ManualClock.start), 0, 0,
                    'AcceptAndNotify', '', 0)
                """
            )
            try await installation.execute("UPDATE channels SET subscribers = 1, subscription_head = 1")
            let keys = try await installation.sendMany(3)
            _ = try await installation.recall(keys[1].rawValue)

            let steps = try await database.migrate(Schema.migrations)

            #expect(steps == Schema.migrations.count - 2)
            #expect(try await installation.resume(from: 1, 1).seen == Seen([3], revoked: [2]))
            let subscribers = installation.subscribers
            let heard = installation.listen()
            _ = try await installation.subscribe("bob")
            try await subscribers.setMessageFlag(.acceptNotNotify, in: .news, for: installation.ownCall())
            #expect(heard.subscriptionEvents.map(\.version) == [2, 3])
            #expect(try await installation.subscriberNames() == ["anna", "bob"])
            #expect(try await subscribers.unread(in: .news, for: installation.ownCall()) == 2)
            try await subscribers.markRead(upTo: 1, in: .news, for: installation.ownCall())
            for (key, read) in zip(keys, [Int64(1), 0, 0]) {
                let receipt = try await installation.receipts.find(
                    key,
                    in: .news,
                    of: installation.application(),
                    at: installation.clock.now
                )
                #expect(
                    receipt
                        == BroadcastReceipt(online: 0, written: 0, lagging: 0, read: read, lastWriteMilliseconds: nil)
                )
            }
        }
    }

    @Test("an upgrade that was done is not done again", arguments: StorageEngine.enabled)
    func twice(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            let steps = try await database.migrate(Schema.migrations)
            #expect(steps == 0)
            try await database.demandSchema(Schema.migrations)
        }
    }

    @Test("a program that only reads does not take an old schema for its own", arguments: StorageEngine.enabled)
    func demanded(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Array(Schema.migrations.prefix(1))) { database in
            let error = await refusal { try await database.demandSchema(Schema.migrations) }
            #expect(error?.storageFault == .older)
        }
    }

    @Test(
        "programs from before there were checksums of pages refuse the storage, and leave it alone",
        arguments: StorageEngine.enabled,
        1...6
    )
    func fromBeforeChecksums(engine: StorageEngine, schema: Int) async throws {
        try await engine.withDatabase { database in
            let known = Array(Schema.migrations.prefix(schema))

            let started = await refusal { try await database.migrate(known) }
            let beside = await refusal { try await database.demandSchema(known) }

            #expect(started?.storageFault == .newer && beside?.storageFault == .newer)
            try await database.demandSchema(Schema.migrations)
        }
    }
}
