import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// Whether an application has the channel service, and until when.
@Suite struct ChannelServiceTests {
    private func change(_ body: (inout ApplicationChange) -> Void) -> ApplicationChange {
        var change = ApplicationChange()
        body(&change)
        return change
    }

    @Test("a trial's channel service ends after 30 days, an enterprise's never", arguments: StorageEngine.enabled)
    func serviceEnd(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            let trial = try await installation.application()
            let end = ManualClock.start.advanced(bySeconds: 30 * 86_400)

            #expect(trial.channelServiceEnd == end)
            let lastMoment = Timestamp(milliseconds: end.milliseconds - 1)
            #expect(await refusal { try trial.demandChannelService(at: lastMoment) } == nil)
            #expect(await refusal { try trial.demandChannelService(at: end) }?.code == .channelServiceDisabled)

            let enterprise = try await installation.applications.update(
                .example,
                change { $0.plan = .enterprise },
                by: installation.operation()
            )
            #expect(enterprise.channelServiceEnd == nil)
            let never = Timestamp(milliseconds: .max)
            #expect(await refusal { try enterprise.demandChannelService(at: never) } == nil)
        }
    }

    @Test(
        "an end of the application's own stands above its plan's until it is given back",
        arguments: StorageEngine.enabled
    )
    func ownServiceEnd(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            let (applications, now) = (installation.applications, ManualClock.start)
            let tomorrow = now.advanced(bySeconds: 86_400)

            let extended = try await applications.update(
                .example,
                change { $0.channelServiceExpiresAt = .some(tomorrow) },
                by: installation.operation()
            )
            let untouched = try await applications.update(
                .example,
                change { $0.name = "New" },
                by: installation.operation()
            )
            let givenBack = try await applications.update(
                .example,
                change { $0.channelServiceExpiresAt = .some(nil) },
                by: installation.operation()
            )

            #expect(extended.channelServiceEnd == tomorrow)
            #expect(untouched.channelServiceEnd == tomorrow)
            #expect(givenBack.channelServiceEnd == now.advanced(bySeconds: 30 * 86_400))
        }
    }

    @Test("a channel service that is switched off refuses, whatever its end", arguments: StorageEngine.enabled)
    func serviceOff(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let off = try await installation.applications.update(
                .example,
                change { $0.channelServiceIsEnabled = false },
                by: installation.operation()
            )

            let error = await refusal { try off.demandChannelService(at: ManualClock.start) }
            #expect(error?.code == .channelServiceDisabled)
        }
    }

    @Test("without the channel service every operation is 131000", arguments: StorageEngine.enabled)
    func everyOperationOff(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            #expect(
                await codesOfEveryOperation(in: installation) == Array(repeating: .channelServiceDisabled, count: 4)
            )
        }
    }

    @Test("a trial's service ends after 30 days, and comes back with the plan", arguments: StorageEngine.enabled)
    func serviceExpired(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            _ = try await installation.createChannel()
            installation.clock.advance(seconds: 30 * 86_400)
            let expired = await codesOfEveryOperation(in: installation)
            var change = ApplicationChange()
            change.plan = .enterprise
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            #expect(expired == Array(repeating: .channelServiceDisabled, count: 4))
            let channel = try await installation.findChannel()
            #expect(channel?.profile == .example(), "nothing was lost")
        }
    }

    @Test("without the channel service a user can do nothing either", arguments: StorageEngine.enabled)
    func usersOperationsOff(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let key = try await installation.send(.example())
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            let (call, subscribers) = (try await installation.ownCall(), installation.subscribers)

            let codes = [
                await refusal { try await subscribers.subscribe(to: .news, for: call) },
                await refusal { try await subscribers.unsubscribe(from: .news, for: call) },
                await refusal { try await subscribers.setMessageFlag(.discard, in: .news, for: call) },
                await refusal { try await subscribers.markRead(upTo: 1, in: .news, for: call) },
                await refusal { try await subscribers.unread(in: .news, for: call) },
                await refusal { try await subscribers.items([.news], for: call) },
                await refusal { try await subscribers.ownItems(limit: 1, for: call) },
                await refusal { try await installation.channels.list(offset: 0, limit: 1, for: call) },
                await refusal { try await installation.channels.list(after: .news, limit: 1, for: call) },
                await refusal {
                    try await installation.broadcasts.ownHistory(
                        of: .news,
                        before: nil,
                        number: 1,
                        withRecalled: false,
                        for: call
                    )
                },
                await refusal {
                    try await installation.receipts.find(key, in: .news, of: call.application, at: call.time)
                },
            ]

            #expect(codes.allSatisfy { $0?.code == .channelServiceDisabled })
            #expect(try await installation.number("SELECT count(*) FROM subscriptions WHERE read_seq = 0") == 1)
        }
    }

    private func codesOfEveryOperation(in installation: TestInstallation) async -> [ErrorCode?] {
        let channels = installation.channels
        return [
            await refusal { try await channels.create(.example(id: nil), for: installation.call()) }?.code,
            await refusal { try await channels.modify(.news, .example(name: "x"), for: installation.call()) }?.code,
            await refusal { try await installation.findChannel() }?.code,
            await refusal { try await channels.destroy(.news, for: installation.call()) }?.code,
        ]
    }
}
