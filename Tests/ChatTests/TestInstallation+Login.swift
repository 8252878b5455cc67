import Chat
import ChatProtocol
import RostrumTesting

extension TestInstallation {
    /// The code that a token is refused with, nil when it lets in; judged by the application as it is now.
    func refusal(
        of token: String,
        as identifier: UserID = .administrator,
        in application: SDKAppID = .example,
        from address: String = "192.0.2.1"
    ) async -> ErrorCode? {
        await RostrumTesting.refusal {
            try await authentication.authenticate(
                token,
                as: identifier,
                of: self.application(application),
                from: address
            )
        }?.code
    }
}
