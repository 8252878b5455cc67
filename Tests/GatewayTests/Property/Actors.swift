import Chat
import ChatProtocol
import Database
import RostrumTesting
import Synchronization

/// Those who act on a ``World`` at the same time, each by dice of its own.
struct Actors {
    let world: World

    /// The channels' backend: posts, recalls, profiles.
    func publish(_ count: Int, _ random: inout SeededGenerator) async throws {
        for _ in 0..<count {
            let channel = World.channels[Int.random(in: 0..<World.channels.count, using: &random)]
            let die = Int.random(in: 0..<100, using: &random)
            // The channel may be gone at the moment.
            _ = await refusal { try await publish(die, to: channel, &random) }
            if Int.random(in: 0..<4, using: &random) == 0 { try await pause(&random) }
        }
    }

    private func publish(_ die: Int, to channel: ChannelID, _ random: inout SeededGenerator) async throws {
        switch die {
        case 0..<50: try await post(to: channel, &random)
        case 50..<60: try await postOnlineOnly(to: channel, &random)
        case 60..<66:
            try await post("dropped", to: channel, &random) {
                ($0.skipsBeforeWebhook, $0.cloudCustomData) = (false, "drop")
            }
        case 66..<82:
            let keys = world.keys.withLock { Array(($0[channel] ?? []).suffix(8)) }
            guard let key = keys.randomElement(using: &random) else { return }
            try await world.withNode(&random) { try await $0.recall(key, reason: "wrong", in: channel) }
        case 82..<92:
            let name = world.text("name")
            try await world.withNode(&random) { try await $0.rename(channel, name) }
        default:
            // More than the kernel and the server keep for a reader that has stopped.
            for _ in 0..<30 { try await post(to: channel, padding: 10_000, &random) }
        }
    }

    /// A post that history keeps, unless `change` says otherwise.
    func post(
        _ beginning: String = "post",
        to channel: ChannelID,
        padding: Int = 0,
        _ random: inout SeededGenerator,
        _ change: (inout NewBroadcast) -> Void = { _ in }
    ) async throws {
        let text = world.text(beginning, padding: padding)
        let key = try await world.withNode(&random) { node in
            try await node.post(text, to: channel) { new in
                new.skipsBeforeWebhook = true
                change(&new)
            }
        }
        world.keys.withLock { $0[channel, default: []].append(key) }
    }

    /// A post that history does not keep; waits until everybody has it to whom it is owed.
    func postOnlineOnly(to channel: ChannelID, _ random: inout SeededGenerator) async throws {
        let text = world.text("heard")
        let debts = try await world.withNode(&random) { node in
            let debts = world.devices.compactMap { OnlineOnlyDebt(to: $0, of: channel, from: node, in: world) }
            try await node.post(text, to: channel) { ($0.skipsBeforeWebhook, $0.isOnlineOnly) = (true, true) }
            return debts
        }
        for debt in debts { try await debt.wait(for: text, in: world) }
    }

    /// Users and their app: subscriptions, flags; and now and then a channel that is made anew.
    func subscribe(_ count: Int, _ random: inout SeededGenerator) async throws {
        for _ in 0..<count {
            let channel = World.channels[Int.random(in: 0..<World.channels.count, using: &random)]
            let user = World.users[Int.random(in: 0..<World.users.count, using: &random)]
            let die = Int.random(in: 0..<100, using: &random)
            _ = await refusal { try await subscribe(die, user, to: channel, &random) }
            try await pause(&random)
        }
    }

    private func subscribe(
        _ die: Int,
        _ user: String,
        to channel: ChannelID,
        _ random: inout SeededGenerator
    ) async throws {
        switch die {
        case 0..<25: try await world.withNode(&random) { try await $0.subscribe(user, to: channel) }
        case 25..<35: try await world.withNode(&random) { try await $0.unsubscribe(user, from: channel) }
        case 35..<60: try await own("subscribeOfficialAccount", user, channel, &random)
        case 60..<68: try await own("unsubscribeOfficialAccount", user, channel, &random)
        case 68..<92:
            let flag: MessageFlag = Bool.random(using: &random) ? .discard : .acceptAndNotify
            try await set(flag, of: user, in: channel, &random)
        default:
            try await world.withNode(&random) { node in
                try await node.destroy(channel)
                world.keys.withLock { $0[channel] = nil }
                try await node.createChannel(channel)
            }
        }
    }

    /// Lets a user's device, if one has a connection, call a method that is about a channel.
    private func own(
        _ method: String,
        _ user: String,
        _ channel: ChannelID,
        _ random: inout SeededGenerator
    ) async throws {
        let device = world.devices.filter { $0.user == user && $0.isConnected }.randomElement(using: &random)
        try await device?.client?.call(
            method,
            ["Official_Account": .string(channel.rawValue)],
            within: .milliseconds(200)
        )
    }

    /// Sets a flag, and notes what the user may have missed because of it.
    func set(
        _ flag: MessageFlag,
        of user: String,
        in channel: ChannelID,
        _ random: inout SeededGenerator
    ) async throws {
        try await world.withNode(&random) { node in
            let call = try await node.installation.call(as: UserID(user))
            func standing() async throws -> (name: String, head: ChannelPosition) {
                let found = try await node.systems.channels.find([channel], of: call.application, at: call.time)
                let epoch = node.systems.generation.epoch(of: found[0]?.incarnation ?? 0)
                return ("\(user) \(channel) \(epoch)", found[0]?.position ?? .init(messageSeq: 0, eventSeq: 0))
            }
            let name = try await standing().name
            if flag == .discard {
                world.discarded.withLock { $0[name] = .init(messageSeq: .max, eventSeq: .max) }
            }
            try await node.systems.subscribers.setMessageFlag(flag, in: channel, for: call)
            if flag != .discard {
                let head = try await standing().head
                world.discarded.withLock { discarded in
                    guard discarded[name] != nil else { return }
                    discarded[name] = .init(messageSeq: head.messageSeq, eventSeq: head.eventSeq)
                }
            }
        }
    }

    /// The devices: connecting, losing the connection, reading slowly.
    func use(_ device: ModelDevice, _ count: Int, _ random: inout SeededGenerator) async throws {
        for _ in 0..<count {
            if let client = device.client, client.ending == nil {
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    device.disturb(isReading: true)
                    client.abort()
                case 1:
                    device.disturb(isReading: true)
                    client.send(.close(1000))
                case 2..<6: try await device.pause(for: .milliseconds(Int.random(in: 30...150, using: &random)))
                default: break
                }
            } else {
                try await connect(device, &random)
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...60, using: &random)))
        }
    }

    func connect(_ device: ModelDevice, _ random: inout SeededGenerator) async throws {
        try await world.withNode(&random) { node in
            do {
                try await device.connect(to: node)
            } catch is RawConnection.Failure {
                // Cut in the middle of it; there will be another time.
            }
        }
    }

    private func pause(_ random: inout SeededGenerator) async throws {
        try await Task.sleep(for: .milliseconds(Int.random(in: 1...15, using: &random)))
    }
}
