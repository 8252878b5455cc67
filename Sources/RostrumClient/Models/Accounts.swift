public import ChatProtocol

/// An account to import (spec/accounts.md 3).
public struct NewAccount: Sendable, Hashable {
    /// `UserID`: 1 to 32 bytes of letters, digits and some signs.
    public var id: String
    /// `Nick`: at most 500 bytes; nil leaves it as it is.
    public var nick: String?
    /// `FaceUrl`: the address of a picture, at most 500 bytes; nil leaves it as it is.
    public var faceURL: String?

    /// Takes what is given; what is nil is left out.
    public init(id: String, nick: String? = nil, faceURL: String? = nil) {
        (self.id, self.nick, self.faceURL) = (id, nick, faceURL)
    }

    var object: JSONObject {
        (["UserID": .string(id)] as JSONObject).adding("Nick", nick).adding("FaceUrl", faceURL)
    }
}

/// What became of one account that was to be deleted (spec/accounts.md 5).
public struct AccountDeletion: Sendable, Hashable {
    /// `UserID`.
    public let id: String
    /// `ResultCode`: `.ok` when it was deleted, 70107 when it is not imported, 70402 when it is an app admin.
    public let code: ErrorCode
    /// `ResultInfo`: why it was not deleted; empty when it was.
    public let info: String

    /// As a server would tell it; for tests.
    public init(id: String, code: ErrorCode, info: String) {
        (self.id, self.code, self.info) = (id, code, info)
    }
}

/// Whether an account is imported (spec/accounts.md 6).
public struct AccountCheck: Sendable, Hashable {
    /// `UserID`.
    public let id: String
    /// `AccountStatus`.
    public let isImported: Bool

    /// As a server would tell it; for tests.
    public init(id: String, isImported: Bool) {
        (self.id, self.isImported) = (id, isImported)
    }
}

/// Who is online (spec/accounts.md 8).
public struct OnlineStatuses: Sendable, Equatable {
    /// `Online`, `PushOnline` or `Offline`.
    public struct Status: RawRepresentable, Sendable, Hashable {
        /// The word on the wire.
        public let rawValue: String

        /// Wraps a word of the wire.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// There is a live connection.
        public static let online = Self(rawValue: "Online")
        /// There is none, but pushes reach a device.
        public static let pushOnline = Self(rawValue: "PushOnline")
        /// Neither.
        public static let offline = Self(rawValue: "Offline")
    }

    /// One account.
    public struct Account: Sendable, Hashable {
        /// `To_Account`.
        public let id: String
        /// `Status`.
        public let status: Status
        /// `Detail`: the state on each platform; empty when it was not asked for, or the account is offline.
        public let platforms: [Platform]

        /// As a server would tell it; for tests.
        public init(id: String, status: Status, platforms: [Platform]) {
            (self.id, self.status, self.platforms) = (id, status, platforms)
        }
    }

    /// One of an account's platforms.
    public struct Platform: Sendable, Hashable {
        /// `Platform`, such as `iPhone`, `Android` or `Web`.
        public let name: String
        /// `Status`.
        public let status: Status

        /// As a server would tell it; for tests.
        public init(name: String, status: Status) {
            (self.name, self.status) = (name, status)
        }
    }

    /// `QueryResult`: the accounts that are imported.
    public let accounts: [Account]
    /// `ErrorList`: the others, each with its code, 70107 when it is not imported.
    public let failures: [String: ErrorCode]

    /// As a server would tell it; for tests.
    public init(accounts: [Account], failures: [String: ErrorCode]) {
        (self.accounts, self.failures) = (accounts, failures)
    }
}

extension AccountDeletion {
    init(_ item: WireObject) throws(WireFault) {
        self.init(
            id: try item.text("UserID"),
            code: ErrorCode(rawValue: Int(clamping: try item.integer("ResultCode"))),
            info: try item.text("ResultInfo", or: "")
        )
    }
}

extension AccountCheck {
    init(_ item: WireObject) throws(WireFault) {
        self.init(id: try item.text("UserID"), isImported: try item.text("AccountStatus") == "Imported")
    }
}

extension OnlineStatuses {
    init(_ reply: WireObject) throws(WireFault) {
        accounts = try reply.objects("QueryResult") { (item) throws(WireFault) in
            Account(
                id: try item.text("To_Account"),
                status: Status(rawValue: try item.text("Status")),
                platforms: try item.optionalObjects("Detail") { (detail) throws(WireFault) in
                    Platform(name: try detail.text("Platform"), status: Status(rawValue: try detail.text("Status")))
                }
            )
        }
        let list = try reply.optionalObjects("ErrorList") { (item) throws(WireFault) in
            (try item.text("To_Account"), ErrorCode(rawValue: Int(clamping: try item.integer("ErrorCode"))))
        }
        failures = Dictionary(list) { _, last in last }
    }
}
