import FoundationEssentials
import Glibc
import RostrumTesting
import Testing

/// What a caller was told is on disk, whenever the process dies.
@Suite("Crashes")
struct CrashTests {
    private static let clients = 16
    private static let seed: UInt64 = 2026

    @Test("what was acknowledged before SIGKILL is there once, and asking again makes nothing twice")
    func killedWhileCreating() async throws {
        let random = SeededRandom(seed: Self.seed)
        let ledger = Ledger()

        try await withTemporaryDirectory { directory in
            let arguments = ["dev", "--port", "0", "--data-dir", directory, "--limits", "callsPerSecond=0"]
            for round in 0..<9 {
                let acknowledgements = ledger.entries.acknowledged + 10 + Int(random.bytes(1)[0] % 80)
                try await withServer(arguments) { server in
                    await withDiscardingTaskGroup { group in
                        for client in 0..<Self.clients {
                            group.addTask {
                                await Self.ask(client, inRound: round, of: server, until: acknowledgements, ledger)
                            }
                        }
                    }
                    let ending = try await server.exit()
                    #expect(ending == .signal(SIGKILL), "seed \(Self.seed), round \(round)")
                }
                #expect(ledger.entries.refused.isEmpty, "seed \(Self.seed), round \(round)")

                try await withServer(arguments) { server in
                    try await Self.expectNothingLost(on: server, ledger, round)
                    try await Self.expectRetriesMakeNothingTwice(on: server, ledger, round)
                }
            }
        }
        #expect(ledger.entries.doubtful.isEmpty)
        #expect(Set(ledger.entries.channels.keys.map(\.kind)).count == 4)
        #expect(!ledger.entries.accounts.isEmpty)
    }

    @Test("a process killed while it makes its directory leaves one that the next start can use")
    func killedWhileStarting() async throws {
        // Which file a start has reached when it is killed.
        for file in ["rostrum.lock", "rostrum.db", "rostrum.db-wal", "master.key"] {
            try await withTemporaryDirectory { directory in
                let arguments = ["dev", "--port", "0", "--data-dir", directory]
                let child = try ChildProcess(RostrumProgram.path, arguments)
                try await waitUntil("\(file) is there") {
                    child.ending != nil || FileManager.default.fileExists(atPath: "\(directory)/\(file)")
                }
                child.send(signal: SIGKILL)
                #expect(try await child.exit() == .signal(SIGKILL))
                await child.remove()

                let reply = try await withServer(arguments) { server in
                    try await server.call(Command.create, Command.creating("@TOA#_after"))
                }
                #expect(reply.ErrorCode == 0, "killed when \(file) was there")
            }
        }
    }

    /// Asks for one thing after another on one connection until the process is dead, and kills it at the right moment.
    private static func ask(
        _ client: Int,
        inRound round: Int,
        of server: ServerProcess,
        until acknowledgements: Int,
        _ ledger: Ledger
    ) async {
        guard let connection = try? await server.connect() else { return }
        for number in 0... {
            let kinds = Wish.Kind.allCases
            let kind = kinds[(client + number) % kinds.count]
            let wish = Wish(kind: kind, name: "r\(round)c\(client)n\(number)")
            do {
                let key = wish.idempotencyKey
                let reply = try await connection.call(wish.command, wish.body, idempotencyKey: key)
                if ledger.note(wish, answered: reply) == acknowledgements { server.send(signal: SIGKILL) }
            } catch {
                return ledger.noteUnanswered(wish)
            }
        }
    }

    private static func expectNothingLost(on server: ServerProcess, _ ledger: Ledger, _ round: Int) async throws {
        let entries = ledger.entries
        let state = try await EmulatorState(of: server)
        let channels = Set(state.channels.map(\.id))
        let accounts = Set(state.accounts)
        let acknowledged = Set(entries.channels.values)
        let chosen = Set(entries.doubtful.map(\.channel))
        let generated = entries.doubtful.count { $0.kind == .generatedID || $0.kind == .generatedIDWithKey }

        // The lists show the first thousand only.
        try #require(state.channels.count < 1000 && state.accounts.count < 1000)
        #expect(acknowledged.count == entries.channels.count, "two calls were given one channel, round \(round)")
        #expect(acknowledged.subtracting(channels) == [], "lost channels, round \(round)")
        let unknown = channels.subtracting(acknowledged).subtracting(entries.orphans).subtracting(chosen)
        #expect(unknown.count <= generated, "more channels than were asked for, round \(round)")
        #expect(entries.accounts.subtracting(accounts) == [], "lost accounts, round \(round)")
        #expect(state.counts.channels == state.channels.count, "usage and channels differ, round \(round)")
        #expect(state.counts.accounts == state.accounts.count, "usage and accounts differ, round \(round)")
        #expect(channels.count == state.channels.count)

        let connection = try await server.connect()
        let ids = acknowledged.sorted()
        for start in stride(from: 0, to: ids.count, by: 50) {
            let some = ids[start..<min(start + 50, ids.count)]
            let reply = try await connection.call(Command.info, Command.asking(for: some))
            let found = reply.OfficialAccountInfoList?.filter { $0.ErrorCode == 0 }.map(\.Official_Account)
            #expect(found == Array(some), "round \(round)")
        }
    }

    private static func expectRetriesMakeNothingTwice(
        on server: ServerProcess,
        _ ledger: Ledger,
        _ round: Int
    ) async throws {
        let connection = try await server.connect()
        let entries = ledger.entries

        // Acknowledged under a key: the same answer again, from this process too.
        for (wish, id) in entries.channels {
            guard let key = wish.idempotencyKey else { continue }
            let again = try await connection.call(wish.command, wish.body, idempotencyKey: key)
            #expect(again.ErrorCode == 0 && again.OfficialAccountUserID == id, "\(wish), round \(round)")
        }
        let before = try await EmulatorState(of: server)
        #expect(Set(before.channels.map(\.id)).isSuperset(of: entries.channels.values))

        // In doubt: asked again, and once more.
        for wish in entries.doubtful {
            let key = wish.idempotencyKey
            let first = try await connection.call(wish.command, wish.body, idempotencyKey: key)
            switch wish.kind {
            case .account:
                #expect(first.ErrorCode == 0, "\(wish), round \(round)")
                _ = ledger.note(wish, answered: first)
            case .givenIDWithKey, .generatedIDWithKey:
                let second = try await connection.call(wish.command, wish.body, idempotencyKey: key)
                #expect(first.ErrorCode == 0 && second.ErrorCode == 0, "\(wish), round \(round)")
                #expect(first.OfficialAccountUserID == second.OfficialAccountUserID, "\(wish), round \(round)")
                _ = ledger.note(wish, answered: first)
            case .givenID:
                #expect([0, 130_008].contains(first.ErrorCode), "\(wish), round \(round)")
                try await note(wish, on: connection, ledger)
            case .generatedID:
                // Without an ID or a key nobody can tell; the first attempt may have left a channel of its own.
                _ = ledger.note(wish, answered: first)
            }
        }

        let after = try await EmulatorState(of: server)
        let repeated = Set(ledger.entries.channels.values)
        let orphans = Set(before.channels.map(\.id)).subtracting(repeated)
        #expect(Set(after.channels.map(\.id)) == repeated.union(orphans), "round \(round)")
        #expect(orphans.isSuperset(of: entries.orphans), "lost channels, round \(round)")
        ledger.note(orphans: orphans)
        #expect(after.counts.channels == after.channels.count, "round \(round)")
        #expect(after.counts.accounts == after.accounts.count, "round \(round)")
    }

    /// A channel whose creation was refused because it is there already counts as made.
    private static func note(_ wish: Wish, on connection: RawConnection, _ ledger: Ledger) async throws {
        let reply = try await connection.call(Command.info, Command.asking(for: [wish.channel]))
        let channel = try #require(reply.OfficialAccountInfoList?.first)
        #expect(channel.ErrorCode == 0)
        ledger.noteFound(wish, id: channel.Official_Account)
    }
}
