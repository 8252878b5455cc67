import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// Who got a broadcast: what nodes report, and who has read it.
@Suite struct BroadcastReceiptTests {
    private func delivery(
        _ reference: ChannelReference,
        _ seq: Int64,
        _ numbers: (online: Int64, written: Int64, lagging: Int64),
        lastWrite: Int64
    ) -> BroadcastDelivery {
        BroadcastDelivery(
            reference: reference,
            seq: seq,
            online: numbers.online,
            written: numbers.written,
            lagging: numbers.lagging,
            lastWriteMilliseconds: lastWrite
        )
    }

    @Test("a broadcast that nobody reported of has an empty receipt", arguments: StorageEngine.enabled)
    func empty(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let key = try await installation.send(.example())

            let receipt = try await installation.receipt(key)

            #expect(
                receipt == BroadcastReceipt(online: 0, written: 0, lagging: 0, read: 0, lastWriteMilliseconds: nil)
            )
        }
    }

    @Test("what nodes report adds up, and the last write is the latest of all", arguments: StorageEngine.enabled)
    func addsUp(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let keys = try await installation.sendMany(2)
            let reference = try await installation.reference()
            let receipts = installation.receipts

            try await receipts.add([
                delivery(reference, 1, (3, 2, 1), lastWrite: 12), delivery(reference, 2, (10, 10, 0), lastWrite: 40),
            ])
            try await installation.anotherNode().receipts.add([delivery(reference, 1, (5, 5, 0), lastWrite: 7)])
            try await receipts.add([delivery(reference, 1, (0, 0, 0), lastWrite: 999)])
            try await receipts.add([])

            #expect(
                try await installation.receipt(keys[0])
                    == BroadcastReceipt(online: 8, written: 7, lagging: 1, read: 0, lastWriteMilliseconds: 12)
            )
            #expect(try await installation.receipt(keys[1]).lastWriteMilliseconds == 40)
        }
    }

    @Test("who wrote nothing has no last write", arguments: StorageEngine.enabled)
    func nothingWritten(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let key = try await installation.send(.example())
            let reference = try await installation.reference()

            try await installation.receipts.add([delivery(reference, 1, (2, 0, 2), lastWrite: 5)])

            #expect(
                try await installation.receipt(key)
                    == BroadcastReceipt(online: 2, written: 0, lagging: 2, read: 0, lastWriteMilliseconds: nil)
            )
        }
    }

    @Test(
        "a report of a channel or a post that is gone harms nobody, the rest of it counts",
        arguments: StorageEngine.enabled
    )
    func gone(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let old = try await installation.reference()
            try await installation.recreateChannel()
            let key = try await installation.send(.example())
            let reference = try await installation.reference()
            let nowhere = ChannelReference(application: .other, channel: .news, incarnation: reference.incarnation)

            try await installation.receipts.add([
                delivery(old, 1, (9, 9, 9), lastWrite: 9), delivery(reference, 2, (9, 9, 9), lastWrite: 9),
                delivery(nowhere, 1, (9, 9, 9), lastWrite: 9), delivery(reference, 1, (1, 1, 0), lastWrite: 1),
            ])

            #expect(
                try await installation.receipt(key)
                    == BroadcastReceipt(online: 1, written: 1, lagging: 0, read: 0, lastWriteMilliseconds: 1)
            )
        }
    }

    @Test("reports at once lose nothing", arguments: StorageEngine.enabled)
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let key = try await installation.send(.example())
            let reference = try await installation.reference()

            try await withThrowingTaskGroup { group in
                for number in Int64(1)...50 {
                    group.addTask {
                        try await installation.receipts.add([delivery(reference, 1, (2, 1, 1), lastWrite: number)])
                    }
                }
                try await group.waitForAll()
            }

            #expect(
                try await installation.receipt(key)
                    == BroadcastReceipt(online: 100, written: 50, lagging: 50, read: 0, lastWriteMilliseconds: 50)
            )
        }
    }

    @Test("of what may have been added that is said, and only of it", arguments: DatabaseError.Kind.allCases)
    func uncertain(kind: DatabaseError.Kind) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let receipts = TestInstallation(database: faulty).receipts
            let reference = ChannelReference(application: .example, channel: .news, incarnation: 1)
            faulty.fail(with: DatabaseError(kind, "the test says so"))

            var isAdded: Bool?
            let error = await refusal {
                isAdded = try await receipts.add([delivery(reference, 1, (1, 1, 0), lastWrite: 1)])
            }

            #expect(isAdded == (kind == .uncertain ? false : nil))
            #expect(error?.storageFault == (kind == .uncertain ? nil : kind))
        }
    }

    @Test("rows are locked in one order, in whatever order they are reported")
    func lockOrder() async throws {
        try await StorageEngine.postgres.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.sendMany(3)
            let reference = try await installation.reference()
            @Sendable func lock(_ seq: Int64, in tx: any Transaction) throws(ChatError) {
                try tx.execute("UPDATE broadcasts SET online_sessions = online_sessions + 100 WHERE seq = \(seq)")
            }
            let held = HeldTransaction()
            async let holding: Void = installation.database.write(of: .unordered) { tx throws(ChatError) in
                try lock(1, in: tx)
                held.hold()
            }
            defer { held.goOn() }
            await held.waitUntilBegun()

            let reports = [Int64(3), 1, 2].map { delivery(reference, $0, (1, 1, 0), lastWrite: 1) }
            async let added = installation.receipts.add(reports)
            try await waitUntil("the report waits for the first row") {
                try await installation.database.read { tx throws(ChatError) in
                    try tx.row(
                        """
                        SELECT 1 FROM pg_locks AS waiting JOIN pg_locks AS other ON other.pid = waiting.pid
                        WHERE NOT waiting.granted AND other.relation = 'broadcasts'::regclass
                        """
                    ) != nil
                }
            }
            // Rows that it had locked before the first one would not be had.
            try await installation.database.write(of: .unordered) { tx throws(ChatError) in
                try tx.execute("SET LOCAL lock_timeout = '200ms'")
                for seq in Int64(2)...3 { try lock(seq, in: tx) }
            }

            held.goOn()
            try await holding
            #expect(try await added)
        }
    }

    // Readers.

    @Test("a reader is who subscribed before the post and marked it or a later one", arguments: StorageEngine.enabled)
    func readers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel(importing: ["anna", "bob", "carl", "dora"])
            _ = try await installation.subscribe("anna", "bob", "carl")
            let keys = try await installation.sendMany(2)
            _ = try await installation.subscribe("dora")
            let third = try await installation.send(.example("third"))
            func reads() async throws -> [Int64] {
                var reads: [Int64] = []
                for key in keys + [third] { reads.append(try await installation.receipt(key).read) }
                return reads
            }
            func mark(_ user: String, _ seq: Int64) async throws {
                let call = try await installation.ownCall(UserID(user))
                try await installation.subscribers.markRead(upTo: seq, in: .news, for: call)
            }

            #expect(try await reads() == [0, 0, 0])
            try await mark("anna", 1)
            #expect(try await reads() == [1, 0, 0])
            try await mark("bob", 3)
            #expect(try await reads() == [2, 1, 1])
            try await mark("dora", 3)
            #expect(try await reads() == [2, 1, 2], "what was sent before dora came was not sent to her")
            _ = try await installation.unsubscribe("bob")
            #expect(try await reads() == [1, 0, 1])
        }
    }

    // Which posts have one.

    @Test("online-only, recalled, dropped and expired posts keep their receipts", arguments: StorageEngine.enabled)
    func kinds(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.setWebhooks([.beforeSend])
            installation.backend.answer("BeforeSendMsg", with: .accepted, .accepted, .verdict(2))
            let online = try await installation.send(.example("online").with { $0.isOnlineOnly = true })
            let recalled = try await installation.send(.example("recalled"))
            let dropped = try await installation.send(.example("dropped"))
            let reference = try await installation.reference()
            let reports = [Int64(1), 2].map { delivery(reference, $0, (4, 4, 0), lastWrite: 3) }
            try await installation.receipts.add(reports)
            _ = try await installation.recall(recalled.rawValue)
            installation.clock.advance(seconds: 8 * 86_400)
            try await installation.systems.sweep.run()

            #expect(try await installation.receipt(online).written == 4)
            #expect(try await installation.receipt(recalled).written == 4)
            #expect(try await installation.receipt(dropped).written == 0)
        }
    }

    @Test("a key that names nothing has no receipt", arguments: StorageEngine.enabled)
    func unknown(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let key = try await installation.send(.example())
            let (later, elsewhen) = (
                MessageKey(seq: 2, seconds: key.seconds), MessageKey(seq: 1, seconds: key.seconds + 1)
            )

            for wrong in [later, elsewhen] {
                let error = await refusal { try await installation.receipt(wrong) }
                #expect(error?.code == .messageNotFound)
            }
            let error = await refusal { try await installation.receipt(key, in: ChannelID("@TOA#_none")) }
            #expect(error?.code == .channelNotFound)
        }
    }
}

extension TestInstallation {
    fileprivate func receipt(_ key: MessageKey, in id: ChannelID = .news) async throws -> BroadcastReceipt {
        try await receipts.find(key, in: id, of: application(), at: clock.now)
    }
}
