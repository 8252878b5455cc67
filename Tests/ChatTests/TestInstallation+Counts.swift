import Chat
import ChatProtocol
import RostrumTesting

extension TestInstallation {
    /// The accounts that an application's quota counts.
    func accountCount(of id: SDKAppID = .example) async throws -> Int64 {
        try await applications.usage(of: id).accounts
    }

    /// The channels that an application's quota counts.
    func channelCount(of id: SDKAppID = .example) async throws -> Int64 {
        try await applications.usage(of: id).channels
    }
}
