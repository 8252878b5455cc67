package import ChatProtocol
import Crypto
import Database

/// A signed-in operator.
package struct OperatorSession: Sendable {
    package let who: Operator
    /// What every form of the session has in it, so that no other page can send one.
    package let formToken: String
    /// Which session it is, for ending it.
    let digest: [UInt8]
}

extension Operators {
    /// How long a session lasts at most, and how long without a request, in seconds.
    package static let longestSession: Int64 = 12 * 3600
    package static let idleSession: Int64 = 2 * 3600

    /// What became of signing in.
    ///
    /// A wrong name, password or code are one and the same, and take the same time.
    package enum SigningIn: Sendable {
        /// - token: what the browser keeps; it is stored nowhere.
        case signedIn(Operator, token: String)
        case wrong
        /// Too many failures from this address, or too many attempts at once.
        case lockedOut
    }

    /// Lets somebody in who knows an operator's name and password, and his code where he has a second factor.
    ///
    /// Failures are counted; those that lock somebody out are in the audit.
    ///
    /// - Parameter address: the visitor's; failures lock out the name and the address together.
    package func signIn(
        _ name: String,
        password: String,
        code: String,
        from address: String
    ) async throws(ChatError) -> SigningIn {
        let outcome = try await judge(name, password, code, from: address)
        counters.count(outcome)
        return outcome
    }

    private func judge(
        _ name: String,
        _ password: String,
        _ code: String,
        from address: String
    ) async throws(ChatError) -> SigningIn {
        let outcome = try await limits.attempt(name, from: address, clock) { () throws(ChatError) in
            try await verify(name, password, code, from: address)
        }
        switch outcome {
        case .right(let (who, credentials)):
            return try await begin(who, with: credentials, from: address).map { .signedIn($0, token: $1) } ?? .wrong
        case .wrong(let locks):
            if locks { try await recordLock("sign-in locked", name, from: address) }
            return .wrong
        case .refused: return .lockedOut
        }
    }

    /// Tells owners in the audit that somebody was guessing.
    ///
    /// A name that no operator has is not kept: people type passwords into the wrong field. The work is the same.
    private func recordLock(_ action: String, _ name: String, from address: String) async throws(ChatError) {
        // Strangers make it happen: nobody else's write waits for it.
        try await database.write(of: .unordered) { tx throws(ChatError) in
            let known = try OperatorName(rawValue: name).flatMap { name throws(ChatError) in
                try OperatorTable.find(name, in: tx)
            }
            try record(action, by: "visitor", from: address, about: known?.name.rawValue ?? "an unknown name", in: tx)
        }
    }

    private func record(
        _ action: String,
        by caller: String,
        from address: String,
        about target: String,
        in tx: any Transaction
    ) throws(ChatError) {
        let operation = Operation(performer: caller, address: address, time: clock.now, random: random)
        try record(action, target, operation, in: tx)
    }

    /// Signs in whoever needs no password, because he may do everything anyway: the emulator's user.
    ///
    /// The first time makes the operator, an owner with a password that nobody knows.
    ///
    /// - Returns: the token.
    package func admit(_ name: OperatorName, from address: String) async throws(ChatError) -> String {
        let now = clock.now
        try await database.write(of: .installation) { tx throws(ChatError) in
            _ = try OperatorTable.insert(name, .owner, .unknown, at: now, in: tx)
        }
        guard let (_, token) = try await begin(name, from: address) else { throw .noOperator(name) }
        return token
    }

    /// - Parameter judged: what he was let in by; nil where nothing was asked for.
    /// - Returns: nil when there is no such operator any more, or he has another password or second factor by now.
    private func begin(
        _ who: OperatorName,
        with judged: OperatorTable.Credentials? = nil,
        from address: String
    ) async throws(ChatError) -> (Operator, token: String)? {
        let now = clock.now
        let token = random.hex(bytes: 32)
        let signedIn: Operator? = try await database.write(of: .installation) { tx throws(ChatError) in
            guard let found = try OperatorTable.find(who, in: tx) else { return nil }
            if let judged {
                let present = try OperatorTable.credentials(of: who, in: tx)
                guard present?.password == judged.password, present?.secondFactor == judged.secondFactor else {
                    return nil
                }
            }
            try OperatorTable.deleteSessions(
                begunBefore: now.advanced(bySeconds: -Self.longestSession),
                orUnusedSince: now.advanced(bySeconds: -Self.idleSession),
                in: tx
            )
            try OperatorTable.insertSession(Self.digest(token), of: who, at: now, in: tx)
            try record("sign in", by: "operator:\(who)", from: address, about: who.rawValue, in: tx)
            return found
        }
        return signedIn.map { ($0, token) }
    }

    /// The session of a token; nil when there is none, or it has lasted too long.
    ///
    /// - Parameter isUse: whether somebody does something; what a page that is left open asks for is no use.
    package func session(_ token: String, isUse: Bool = true) async throws(ChatError) -> OperatorSession? {
        // Whatever somebody sends is hashed first: nothing of it is compared byte by byte.
        guard token.utf8.count == 64 else { return nil }
        let (now, digest) = (clock.now, Self.digest(token))
        let found = try await database.read { tx throws(ChatError) in try OperatorTable.session(digest, in: tx) }
        guard let found, Self.isOpen(began: found.began, used: found.used, at: now) else { return nil }
        if isUse, now.milliseconds(since: found.used) >= 60_000 {
            // With a storage that takes no writes it can be looked at what there is; the session then ends earlier.
            try? await database.write(of: .unordered) { tx throws(ChatError) in
                try OperatorTable.useSession(digest, at: now, in: tx)
            }
        }
        return OperatorSession(who: found.0, formToken: Self.formToken(token), digest: digest)
    }

    /// Whether a session goes on, as a page that is left open asks; doing so is no use of the session.
    package func isOpen(_ session: OperatorSession) async throws(ChatError) -> Bool {
        let (now, digest) = (clock.now, session.digest)
        let found = try await database.read { tx throws(ChatError) in try OperatorTable.session(digest, in: tx) }
        return found.map { Self.isOpen(began: $0.began, used: $0.used, at: now) } ?? false
    }

    private static func isOpen(began: Timestamp, used: Timestamp, at now: Timestamp) -> Bool {
        now.milliseconds(since: began) < longestSession * 1000 && now.milliseconds(since: used) < idleSession * 1000
    }

    package func signOut(_ session: OperatorSession, from address: String) async throws(ChatError) {
        let name = session.who.name
        try await database.write(of: .unordered) { tx throws(ChatError) in
            try OperatorTable.deleteSession(session.digest, in: tx)
            try record("sign out", by: "operator:\(name)", from: address, about: name.rawValue, in: tx)
        }
    }

    /// Whether an operator who is signed in knows his password, which he is asked for again before he changes it.
    ///
    /// - Returns: nil after too many failures, or for too many attempts at once.
    package func knowsPassword(
        _ password: String,
        _ name: OperatorName,
        from address: String
    ) async throws(ChatError) -> Bool? {
        let outcome = try await limits.attempt(name.rawValue, from: address, clock) { () throws(ChatError) -> Void? in
            let credentials = try await database.read { tx throws(ChatError) in
                try OperatorTable.credentials(of: name, in: tx)
            }
            guard password.utf8.count <= Self.longestPassword, let credentials else { return nil }
            return try await credentials.password.fits(password) ? () : nil
        }
        switch outcome {
        case .right: return true
        case .wrong(let locks):
            if locks { try await recordLock("password locked", name.rawValue, from: address) }
            return false
        case .refused: return nil
        }
    }

    /// - Returns: the name and its password when everything is right and the code, if one is asked for, is used up now.
    private func verify(
        _ name: String,
        _ password: String,
        _ code: String,
        from address: String
    ) async throws(ChatError) -> (OperatorName, OperatorTable.Credentials)? {
        let name = OperatorName(rawValue: name)
        let credentials = try await database.read { tx throws(ChatError) in
            try name.flatMap { name throws(ChatError) in try OperatorTable.credentials(of: name, in: tx) }
        }
        guard let name, let credentials, credentials.password.canFit, password.utf8.count <= Self.longestPassword
        else {
            // As much work as for what can be right.
            _ = try await PasswordHash.make(of: password, cost, random)
            return nil
        }
        guard try await credentials.password.fits(password) else { return nil }
        guard let sealed = credentials.secondFactor else { return (name, credentials) }
        let secondFactor = try secondFactor(of: name, sealed)
        let now = clock.now
        // Told like a wrong code: that it was judged no more would say that the password is right.
        guard limits.mayTryCode(name, at: now) else { return nil }
        guard let step = secondFactor.step(of: code, at: now, after: credentials.usedStep) else {
            // None at all is forgotten, not guessed.
            if !code.isEmpty, limits.codeFailed(name, at: now) {
                try await recordLock("second factor locked", name.rawValue, from: address)
            }
            return nil
        }
        let isFirst = try await database.write(of: .unordered) { tx throws(ChatError) in
            try OperatorTable.use(step: step, by: name, in: tx)
        }
        return isFirst ? (name, credentials) : nil
    }

    private static func digest(_ token: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(token.utf8)))
    }

    private static func formToken(_ token: String) -> String {
        hexadecimal(Array(SHA256.hash(data: Array("form \(token)".utf8))))
    }
}
