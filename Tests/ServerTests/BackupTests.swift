import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// A data directory is backed up and restored.
@Suite struct BackupTests {
    @Test("what was backed up is there again, under another generation")
    func whole() async throws {
        try await BackedUpInstallation.with { installation in
            let before = try await installation.contents()
            let manifest = try await installation.backup("b")
            let target = try installation.emptyDirectory("restored")

            let restored = try await Restore.run(installation.file("b"), into: target)

            #expect(restored == manifest)
            #expect(manifest.base == nil && manifest.generation == before.generation)
            #expect((manifest.rows["broadcasts"], manifest.rows["subscriptions"]) == (5, 5))
            let after = try await installation.contents(of: target)
            #expect(after.generation != before.generation)
            #expect(after.agrees(with: before))
            // What was backed up goes on as if nothing had been.
            #expect(try await installation.contents() == before)
        }
    }

    @Test("every channel has another Epoch afterwards")
    func epoch() async throws {
        try await BackedUpInstallation.with { installation in
            let target = try installation.emptyDirectory("restored")
            try await installation.backup("b")
            _ = try await Restore.run(installation.file("b"), into: target)

            var epochs: [ChannelEpoch] = []
            for directory in [installation.directory, target] {
                epochs.append(
                    try await installation.open(directory) { opened in
                        let application = try await opened.application()
                        let channel = try #require(
                            try await opened.channels.find([.news], of: application, at: opened.clock.now)[0]
                        )
                        let generation = try await StorageGeneration.find(in: opened.database, random: opened.random)
                        return generation.epoch(of: channel.incarnation)
                    }
                )
            }
            #expect(epochs[0] != epochs[1])
        }
    }

    @Test("a backup beside a server that writes has all that was acknowledged before it began")
    func underWriters() async throws {
        try await BackedUpInstallation.with { installation in
            let (before, after) = try await installation.open { opened in
                let database = opened.database
                let writer = EndlessWriter { number in
                    _ = try await database.write { tx throws(ChatError) in
                        try tx.execute(
                            "INSERT INTO deleted_accounts (app, id, deleted_at) VALUES (\(7), \("u\(number)"), \(number))"
                        )
                    }
                }
                let writing = Task { try await writer.run() }
                try await waitUntil("something was acknowledged") { writer.acknowledged > 20 }
                let before = writer.acknowledged
                try await installation.backup("b")
                let during = writer.acknowledged
                try await waitUntil("the server writes on") { writer.acknowledged > during + 1 }
                writer.stop()
                try await writing.value
                return (before, writer.acknowledged)
            }
            let target = try installation.emptyDirectory("restored")
            _ = try await Restore.run(installation.file("b"), into: target)

            let (count, newest) = try await installation.open(target) { opened in
                try await opened.database.read { tx throws(ChatError) in
                    let row = try tx.row("SELECT count(*), max(deleted_at) FROM deleted_accounts WHERE app = 7")
                    return (try row?.integer(0) ?? 0, try row?.integer(1) ?? 0)
                }
            }
            #expect(newest >= before)
            #expect(count == newest)
            #expect(after > newest)
        }
    }

    @Test("an incremental backup has what is new alone, and is restored with those below it")
    func incremental() async throws {
        try await BackedUpInstallation.with { installation in
            let full = try await installation.backup("b1")
            try await installation.post("m6")
            let second = try await installation.backup("b2", since: "b1")
            try await installation.post("m7")
            let third = try await installation.backup("b3", since: "b2")
            let expected = try await installation.contents()
            let target = try installation.emptyDirectory("restored")

            _ = try await Restore.run(installation.file("b3"), into: target)

            #expect(second.storedBlocks < full.storedBlocks && third.storedBlocks < full.storedBlocks)
            #expect((second.base?.file, second.base?.id) == ("b1", full.id))
            let restored = try await installation.contents(of: target)
            #expect(restored.agrees(with: expected))
            #expect(restored.posts.count == 7)
        }
    }

    @Test("an incremental backup whose base is gone, is another or is damaged is refused, naming it")
    func brokenChain() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b1")
            try await installation.post("m6")
            try await installation.backup("b2", since: "b1")
            try await installation.backup("other")
            let files = FileManager.default

            try files.moveItem(atPath: installation.file("b1"), toPath: installation.file("away"))
            #expect(try await installation.refusal(restoring: "b2")?.contains("/b1: ") == true)
            try files.copyItem(atPath: installation.file("other"), toPath: installation.file("b1"))
            #expect(try await installation.refusal(restoring: "b2")?.contains("stands on the backup") == true)
            try files.removeItem(atPath: installation.file("b1"))
            try files.moveItem(atPath: installation.file("away"), toPath: installation.file("b1"))
            #expect(try await installation.refusal(restoring: "b2") == nil)
            try installation.change("b1") { bytes in
                for position in stride(from: bytes.count - 200_000, to: bytes.count, by: 16_384) {
                    bytes[position] ^= 1
                }
            }
            let refusal = try await installation.refusal(restoring: "b2")
            #expect(refusal?.contains("/b1 is damaged: block") == true)
        }
    }

    @Test("of a log whose end is torn is told, for it is not in the backup")
    func torn() async throws {
        try await BackedUpInstallation.withKilled { installation in
            var told: [String] = []
            try await installation.backup("whole") { told.append($0) }
            #expect(told == [])

            try installation.change("data/rostrum.db-wal") { $0[$0.endIndex - 1] ^= 1 }
            try await installation.backup("torn") { told.append($0) }

            #expect(told.count == 1 && told.first?.contains("rostrum.db-wal: what was written last is torn at") == true)
        }
    }

    @Test("nothing stands on a backup of another installation, or of what was there before a restore")
    func otherBase() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b1")
            let target = try installation.emptyDirectory("restored")
            _ = try await Restore.run(installation.file("b1"), into: target)

            let error = await #expect(throws: StartError.self) {
                try await Backup.make(of: target, to: installation.file("b2"), since: installation.file("b1"))
            }
            #expect(error?.description.contains("another generation") == true)
            #expect(!FileManager.default.fileExists(atPath: installation.file("b2")))
        }
    }

    @Test(
        "a backup of which any bit is another is refused, and so is one that was cut off",
        arguments: [0.0, 0.0005, 0.002, 0.004, 0.01, 0.1, 0.5, 0.9, 0.9999]
    )
    func damaged(share: Double) async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b")
            try FileManager.default.copyItem(atPath: installation.file("b"), toPath: installation.file("cut"))
            try installation.change("b") { $0[Int(Double($0.count - 1) * share)] ^= 0x10 }
            try installation.change("cut") { $0 = $0.prefix(Int(Double($0.count) * share)) }

            let flipped = try #require(try await installation.refusal(restoring: "b"))
            let cut = try #require(try await installation.refusal(restoring: "cut"))
            #expect(flipped.contains("\(installation.file("b")) is "), "\(flipped)")
            #expect(cut.contains("\(installation.file("cut")) is "), "\(cut)")
            #expect(throws: StartError.self) { try Restore.verify(installation.file("b")) }
        }
    }

    @Test(
        "a directory that holds anything is refused, and stays as it is",
        arguments: ["rostrum.db", "notes", "rostrum.db-wal", "master.keys", "master.key.newer"]
    )
    func notEmpty(name: String) async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b")
            let target = try installation.emptyDirectory("restored")
            try writeFile("\(target.path)/\(name)", "mine")

            let error = await #expect(throws: StartError.self) {
                try await Restore.run(installation.file("b"), into: target)
            }
            #expect(error?.description.contains(name) == true)
            #expect(FileManager.default.contents(atPath: "\(target.path)/\(name)") == Data("mine".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).count == 2)
        }
    }

    @Test("what a killed restore left is no hindrance to the next, nor what a change of the key left beside the key")
    func killed() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b")
            let target = try installation.emptyDirectory("restored")
            let keys = ["master.key.before-20261126T120000Z", "master.key.new", "master.key.new-0123456789abcdef"]
            for name in ["rostrum.db.partial", "rostrum.db.partial-wal"] + keys {
                try writeFile("\(target.path)/\(name)", "half")
            }

            _ = try await Restore.run(installation.file("b"), into: target)

            let names = try FileManager.default.contentsOfDirectory(atPath: target.path).sorted()
            #expect(names == ["master.key"] + keys + ["rostrum.db", "rostrum.lock"])
        }
    }

    @Test("a master key that is not the backup's is refused before anything is there")
    func wrongKey() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b")
            let target = try installation.emptyDirectory("restored")

            let error = await #expect(throws: StartError.self) {
                try await Restore.run(
                    installation.file("b"),
                    into: target,
                    masterKey: .text(String(repeating: "e1", count: 32))
                )
            }
            #expect(error?.description.contains("master key does not fit") == true)
            #expect(!FileManager.default.fileExists(atPath: target.database))
        }
    }

    @Test("a backup overwrites nothing, and leaves nothing when it fails")
    func noOverwriting() async throws {
        try await BackedUpInstallation.with { installation in
            try writeFile(installation.file("b"), "mine")
            let before = try FileManager.default.contentsOfDirectory(atPath: installation.place).sorted()

            await #expect(throws: StartError.self) { try await installation.backup("b") }
            await #expect(throws: StartError.self) { try await installation.backup("c", since: "b") }

            #expect(FileManager.default.contents(atPath: installation.file("b")) == Data("mine".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: installation.place).sorted() == before)
        }
    }

    @Test("a damaged database is not backed up")
    func damagedSource() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b")
            let target = try installation.emptyDirectory("restored")
            _ = try await Restore.run(installation.file("b"), into: target)
            try installation.change("restored/rostrum.db") { bytes in
                for position in (4096 * 4)..<(4096 * 4 + 200) { bytes[position] ^= 0xFF }
            }

            let error = await #expect(throws: StartError.self) {
                try await Backup.make(of: target, to: installation.file("c"))
            }
            #expect(error?.description.contains("damaged") == true)
            #expect(!FileManager.default.fileExists(atPath: installation.file("c")))
        }
    }

    @Test("what something else brought back gets another generation, on both engines", arguments: StorageEngine.enabled)
    func newGeneration(engine: StorageEngine) async throws {
        try await withOpenedStorage(on: engine) { location, storage in
            let before = try await StorageGeneration.find(in: storage.database, random: SeededRandom())
            await storage.close()

            try await Restore.renewGeneration(of: location)

            let reopened = try await OpenStorage.open(location, masterKey: .text(MovableInstallation.masterKey))
            let after = try await StorageGeneration.find(in: reopened.database, random: SeededRandom())
            await reopened.close()
            #expect(before.text != after.text)
        }
    }
}

extension MovableInstallation.Contents {
    /// Whether all is the same but what a restore is to change.
    func agrees(with other: Self) -> Bool {
        keys == other.keys && webhooks == other.webhooks && subscribers == other.subscribers && posts == other.posts
            && waitingWebhooks == other.waitingWebhooks
    }
}
