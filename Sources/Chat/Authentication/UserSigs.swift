package import ChatProtocol
import Database
import UserSig

/// UserSigs as operators deal with them: explained, and made.
package struct UserSigs: Sendable {
    /// How long a UserSig that is made here may be good, in seconds.
    package static let lifetimes: ClosedRange<Int64> = 1...Int64(UInt32.max)

    private let database: any Database
    private let applications: Applications

    package init(_ systems: Systems) {
        (database, applications) = (systems.database, systems.applications)
    }

    /// Says what is wrong with a UserSig, or that nothing is.
    ///
    /// - Parameter identifier: the account that the caller names; empty for the one that the token names.
    package func report(
        on token: String,
        as identifier: String,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> TokenReport {
        var report = TokenReport()
        do {
            report.document = try UserSig.document(in: token)
            report.claims = try UserSig(decoding: token)
        } catch {
            report.malformation = error
        }
        guard let claims = report.claims else { return report }
        report.identifier = identifier.isEmpty ? claims.identifier : identifier
        let judged = claims.faults(
            sdkAppID: application.id.rawValue,
            identifier: report.identifier,
            keys: application.keys.map(\.text),
            now: now.seconds
        )
        report.faults = judged.faults
        report.signer = judged.signer.map { application.keys[$0] }
        if report.signer == nil { report.otherSigner = try await signer(of: claims, besides: application.id) }
        guard let user = UserID(rawValue: report.identifier) else { return report }
        let id = application.id
        let (voidUntil, isImported) = try await database.read { tx throws(ChatError) in
            (
                try AccountTable.signaturesVoidUntil(user, of: id, in: tx),
                try AccountTable.exists(user, of: id, in: tx)
            )
        }
        if claims.isVoid(until: voidUntil) { report.voidUntil = voidUntil.map { Timestamp(seconds: $0) } }
        (report.isImported, report.isAdmin) = (isImported, application.admins.contains(user))
        return report
    }

    /// The application that the token says it is of, when that is another one and did make it.
    private func signer(of claims: UserSig, besides application: SDKAppID) async throws(ChatError) -> SDKAppID? {
        guard let id = SDKAppID(rawValue: claims.sdkAppID), id != application,
            let other = try await applications.find(id),
            claims.indexOfSigner(among: other.keys.map(\.text)) != nil
        else { return nil }
        return id
    }

    /// Makes a UserSig with the newest key of an application; its audit says for whom.
    ///
    /// Whoever makes an admin's token is an admin: this is for owners alone.
    ///
    /// - Parameter lifetime: in seconds.
    /// - Throws: 70016 when the application has no key, 70402 when the lifetime is none of ``lifetimes``.
    package func make(
        for user: UserID,
        of application: Application,
        lifetime: Int64,
        by operation: Operation
    ) async throws(ChatError) -> String {
        guard Self.lifetimes.contains(lifetime) else {
            throw ChatError(
                .accountParameterInvalid,
                "The lifetime must be \(Self.lifetimes.lowerBound) to \(Self.lifetimes.upperBound) seconds."
            )
        }
        let id = application.id
        guard let key = application.keys.last else {
            throw ChatError(.applicationKeyMissing, "Application \(id) has no key; give it one first.")
        }
        try await database.write(of: .application(id)) { tx throws(ChatError) in
            try Audit.record(operation.entry("make-usersig \(user)", of: id), of: id, in: tx)
        }
        return UserSig.token(
            sdkAppID: id.rawValue,
            identifier: user.rawValue,
            key: key.text,
            issuedAt: operation.time.seconds,
            lifetime: lifetime
        )
    }
}
