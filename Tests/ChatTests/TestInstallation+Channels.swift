import Chat
import ChatProtocol
import RostrumTesting

extension TestInstallation {
    func findChannel(_ id: ChannelID = .news) async throws -> OfficialChannel? {
        try await channels.find([id], of: application(), at: clock.now)[0]
    }

    func createChannel(_ new: NewChannel = .example()) async throws -> ChannelID {
        try await channels.create(new, for: call())
    }
}
