package import ChatProtocol

/// Finds out from a URL's parameters which application is meant and who calls: REST calls and live connections alike.
///
/// Source: spec/conventions.md sections 1 and 8, checks 2 to 4.
package struct Admission: Sendable {
    private let applications: Applications
    private let authentication: Authentication

    package init(applications: Applications, authentication: Authentication) {
        (self.applications, self.authentication) = (applications, authentication)
    }

    /// A caller who is who he says.
    package struct Caller: Sendable {
        package let identifier: UserID
        package let token: VerifiedToken
    }

    /// The application that the parameters name, known and enabled.
    ///
    /// - Throws: 60012 when none is named, 70020 when there is none of that number, 60016 when it is disabled.
    package func application(_ parameters: URLParameters) async throws(ChatError) -> Application {
        guard let text = parameters.sdkAppID, !text.isEmpty else {
            throw ChatError(.sdkAppIDMissing, "sdkappid is missing from the URL.")
        }
        guard let id = SDKAppID(text) else {
            throw ChatError(.applicationNotFound, "sdkappid in the URL must be an application's number in digits.")
        }
        guard let application = try await applications.find(id) else {
            throw ChatError(.applicationNotFound, "There is no application \(id) on this server.")
        }
        try application.demandEnabled()
        return application
    }

    /// The caller: the other parameters are there and well formed, and the UserSig is his.
    ///
    /// - Throws: 60025 for a parameter that is missing or malformed, or what
    ///   ``Authentication/authenticate(_:as:of:from:)`` throws.
    package func authenticate(
        _ parameters: URLParameters,
        of application: Application,
        from address: String
    ) async throws(ChatError) -> Caller {
        guard let name = parameters.identifier, !name.isEmpty else {
            throw ChatError(
                .badURLParameter,
                "identifier is missing from the URL; it must name the account that calls."
            )
        }
        guard let identifier = UserID(rawValue: name) else {
            throw ChatError(.badURLParameter, "identifier in the URL is no UserID: \(UserID.rule).")
        }
        guard let userSig = parameters.userSig else {
            throw ChatError(.badURLParameter, "usersig is missing from the URL.")
        }
        guard parameters.contentType == nil || parameters.contentType == "json" else {
            throw ChatError(.badURLParameter, "contenttype in the URL must be json.")
        }
        guard parameters.random.map({ UInt32(digits: $0) != nil }) ?? true else {
            throw ChatError(.badURLParameter, "random in the URL must be a whole number from 0 to 4294967295.")
        }
        let token = try await authentication.authenticate(userSig, as: identifier, of: application, from: address)
        return Caller(identifier: identifier, token: token)
    }
}

/// What a UserSig that was found good says of its life.
package struct VerifiedToken: Sendable {
    /// The application key that it was made with.
    package let key: String
    /// In seconds; a kick makes void what was issued up to it.
    package let issuedAt: Int64
    package let expiresAt: Timestamp
}
