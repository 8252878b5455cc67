import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Testing

/// A channel's subscribers, page by page, while others come and go (spec/official-channels.md B.7).
@Suite struct SubscriberPagesTests {
    @Test(
        "pages follow one another in the order of coming, and of names among those who came together",
        arguments: StorageEngine.enabled
    )
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["zoe"])
            try await installation.importSubscribers(["dora", "anna", "carl"])
            // The clock stands: the order is not that of times.
            try await installation.importSubscribers(["bob"])

            var (found, sizes) = ([String](), [Int]())
            var cursor: SubscriberCursor?
            repeat {
                let page = try await installation.subscriberPage(after: cursor, limit: 2)
                #expect(page.total == 5)
                found += page.subscriptions.map(\.user.rawValue)
                sizes.append(page.subscriptions.count)
                cursor = page.next
            } while cursor != nil

            #expect(found == ["zoe", "anna", "carl", "dora", "bob"])
            #expect(sizes == [2, 2, 1])
        }
    }

    @Test("a page that holds the last subscriber says that it is the last", arguments: StorageEngine.enabled)
    func lastPage(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let empty = try await installation.subscriberPage(limit: 1)
            try await installation.importSubscribers(["anna", "bob"])

            let (exact, short) = try await (
                installation.subscriberPage(limit: 2), installation.subscriberPage(limit: 1)
            )

            #expect(empty.next == nil)
            #expect(empty.subscriptions.isEmpty)
            #expect(exact.next == nil)
            #expect(short.next != nil)
        }
    }

    @Test("a newcomer stands after everyone, one who came back too", arguments: StorageEngine.enabled)
    func newcomers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob", "carl"])
            let first = try await installation.subscriberPage(limit: 1)

            _ = try await installation.unsubscribe("anna")
            _ = try await installation.subscribe("anna")
            let rest = try await installation.subscriberPage(after: first.next)

            #expect(first.subscriptions.map(\.user.rawValue) == ["anna"])
            #expect(rest.subscriptions.map(\.user.rawValue) == ["bob", "carl", "anna"])
        }
    }

    @Test("the place of one who left is still a place", arguments: StorageEngine.enabled)
    func cursorOfOneWhoLeft(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob", "carl"])
            let first = try await installation.subscriberPage(limit: 2)

            _ = try await installation.unsubscribe("anna", "bob")
            let rest = try await installation.subscriberPage(after: first.next)

            #expect(rest.subscriptions.map(\.user.rawValue) == ["carl"])
        }
    }

    /// Random subscribes and unsubscribes between pages of random sizes.
    @Test(
        "a walk meets everyone who stays exactly once, whoever comes and goes meanwhile",
        arguments: StorageEngine.enabled,
        1...12
    )
    func walk(engine: StorageEngine, seed: UInt64) async throws {
        try await engine.withInstallation { installation in
            let random = SeededRandom(seed: seed)
            let names = (0..<60).map { "user_\($0)" }
            _ = try await installation.createChannel()
            _ = try await installation.accounts.importAll(
                names.map { NewAccount(id: UserID($0)) },
                for: installation.call()
            )
            var present: Set<String> = []
            func stir(_ steps: Int) async throws {
                for _ in 0..<steps {
                    let group = (0...random.number(below: 4)).map { _ in names[random.number(below: names.count)] }
                    if random.number(below: 3) > 0 {
                        _ = try await installation.subscribe(group)
                        present.formUnion(group)
                    } else {
                        _ = try await installation.subscribers.remove(group, from: .news, for: installation.call())
                        present.subtract(group)
                        stayed.subtract(group)
                    }
                }
            }
            var stayed: Set<String> = []
            try await stir(20)
            stayed = present
            let before = present

            var met: [String] = []
            var cursor: SubscriberCursor?
            repeat {
                let page = try await installation.subscriberPage(after: cursor, limit: 1 + random.number(below: 7))
                #expect(page.total == Int64(present.count), "seed \(seed)")
                met += page.subscriptions.map(\.user.rawValue)
                // Through its text, as callers have it.
                cursor = try page.next.map { try #require(SubscriberCursor($0.text)) }
                if met.count < 400 { try await stir(random.number(below: 3)) }
            } while cursor != nil

            let counts = Dictionary(met.map { ($0, 1) }, uniquingKeysWith: +)
            for name in stayed { #expect(counts[name] == 1, "\(name) stayed; seed \(seed)") }
            // Who left and came back is another subscriber of the same name.
            for (name, count) in counts where count > 1 {
                #expect(!stayed.contains(name), "\(name) was met \(count) times; seed \(seed)")
            }
            let newcomers = met.lastIndex { stayed.contains($0) }.map { met[..<$0].filter { !before.contains($0) } }
            #expect(newcomers ?? [] == [], "newcomers stand at the end; seed \(seed)")
        }
    }

    // Cursors that are not of this channel, or none at all.

    @Test("a cursor of another channel is refused", arguments: StorageEngine.enabled)
    func cursorOfAnotherChannel(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let other = ChannelID("@TOA#_other")
            _ = try await installation.createChannel()
            _ = try await installation.createChannel(.example(id: other))
            try await installation.importSubscribers(["anna", "bob"])
            _ = try await installation.subscribe(["anna", "bob"], to: other)
            let cursor = try await installation.subscriberPage(limit: 1).next

            let error = await refusal { try await installation.subscriberPage(of: other, after: cursor) }

            #expect(cursor != nil)
            #expect(error?.code == .parameterInvalid)
        }
    }

    @Test("a cursor of an earlier channel of the same ID is refused", arguments: StorageEngine.enabled)
    func cursorOfEarlierChannel(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob"])
            let cursor = try await installation.subscriberPage(limit: 1).next
            try await installation.recreateChannel()
            _ = try await installation.subscribe("anna", "bob")

            let error = await refusal { try await installation.subscriberPage(after: cursor) }

            #expect(cursor != nil)
            #expect(error?.code == .parameterInvalid)
        }
    }

    @Test("a cursor's text gives the cursor again, and is opaque", arguments: StorageEngine.enabled)
    func roundTrip(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let longest = String(repeating: "x", count: UserID.longest)
            for name in ["anna", longest, "bob"] { try await installation.importSubscribers([name]) }

            for limit in 1...2 {
                let cursor = try #require(try await installation.subscriberPage(limit: limit).next)
                #expect(SubscriberCursor(cursor.text) == cursor)
                #expect(!cursor.text.contains("anna"))
                let page = try await installation.subscriberPage(after: SubscriberCursor(cursor.text))
                #expect(page.subscriptions.count == 3 - limit)
            }
        }
    }

    @Test(
        "what is no cursor's text is none",
        arguments: [
            "", " ", "x", "====", "AA==", "AQ==", "cmVhZGVyXzAx", "anna", "1", "\u{0}", "💬",
            String(repeating: "A", count: 101), String(repeating: "A", count: 1_000_000),
        ]
    )
    func malformed(text: String) {
        #expect(SubscriberCursor(text) == nil)
    }

    @Test("a cursor has one text: no other spelling of it is taken")
    func oneSpelling() throws {
        let text = cursorText(version: 1, incarnation: 5, position: 7, name: "anna")
        let cursor = try #require(SubscriberCursor(text))
        #expect(cursor.text == text)

        let changed = [
            text + "=", " " + text, text + "\n", String(text.dropLast()), text.replacing("=", with: ""),
            cursorText(version: 0, incarnation: 5, position: 7, name: "anna"),
            cursorText(version: 2, incarnation: 5, position: 7, name: "anna"),
            cursorText(version: 1, incarnation: 5, position: 7, name: ""),
            cursorText(version: 1, incarnation: 5, position: 7, name: "two words"),
            cursorText(version: 1, incarnation: 5, position: 7, name: "anna\u{0}"),
            cursorText(version: 1, incarnation: 5, position: 7, name: String(repeating: "x", count: 33)),
        ]
        for other in changed where other != text { #expect(SubscriberCursor(other) == nil, "\(other)") }
    }

    @Test(
        "whatever numbers a cursor holds, it leads to a page or a refusal",
        arguments: StorageEngine.enabled,
        [Int64.min, -1, 0, 1, .max]
    )
    func extremeNumbers(engine: StorageEngine, number: Int64) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna", "bob"])
            let incarnation = try await installation.number("SELECT incarnation FROM channels")

            let own = cursorText(version: 1, incarnation: incarnation, position: number, name: "anna")
            let ownCursor = try #require(SubscriberCursor(own))
            let page = try await installation.subscriberPage(after: ownCursor)
            let expected = number < 1 ? ["anna", "bob"] : number == 1 ? ["bob"] : []
            #expect(page.subscriptions.map(\.user.rawValue) == expected)

            let foreign = cursorText(version: 1, incarnation: number, position: 1, name: "anna")
            let cursor = try #require(SubscriberCursor(foreign))
            let error = await refusal { try await installation.subscriberPage(after: cursor) }
            #expect(error?.code == .parameterInvalid)
        }
    }

    @Test("no text traps", arguments: 1...20 as ClosedRange<UInt64>)
    func fuzz(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let good = cursorText(version: 1, incarnation: 5, position: 7, name: "anna")
        for _ in 0..<500 {
            var bytes: [UInt8]
            switch random.number(below: 3) {
            case 0: bytes = random.bytes(random.number(below: 120))
            case 1: bytes = Array(Data(random.bytes(random.number(below: 80))).base64EncodedString().utf8)
            default:
                bytes = Array(good.utf8)
                for _ in 0...random.number(below: 3) {
                    bytes[random.number(below: bytes.count)] = random.bytes(1)[0]
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let cursor = SubscriberCursor(text) else { continue }
            #expect(cursor.text == text, "seed \(seed)")
        }
    }

    private func cursorText(version: UInt8, incarnation: Int64, position: Int64, name: String) -> String {
        var bytes = [version]
        for number in [incarnation, position] { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }
        bytes += name.utf8
        return Data(bytes).base64EncodedString()
    }
}

extension SeededRandom {
    /// A number from 0 up to `bound`, which is not among them.
    func number(below bound: Int) -> Int {
        Int(bytes(2).reduce(0) { $0 << 8 | UInt($1) } % UInt(bound))
    }
}
