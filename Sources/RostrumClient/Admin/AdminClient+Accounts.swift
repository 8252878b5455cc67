import ChatProtocol

extension AdminClient {
    /// Imports an account, or updates the nick and picture of one that is there:
    /// `im_open_login_svc/account_import` (spec/accounts.md 3).
    ///
    /// Refused with 40601 for a nick or picture beyond 500 bytes, 70398 when the plan has no room, 70399 for an account
    /// that was deleted too recently, 70402 for an ID that breaks the rule.
    public func importAccount(_ account: NewAccount, idempotencyKey: String? = nil) async throws(RostrumError) {
        try await write("im_open_login_svc/account_import", account.object, idempotencyKey)
    }

    /// Imports up to 100 accounts: `im_open_login_svc/multiaccount_import` (spec/accounts.md 4).
    ///
    /// - Returns: the IDs that break a rule or found no room; the others are imported.
    public func importAccounts(
        _ accounts: [NewAccount],
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> [String] {
        let body: JSONObject = ["AccountList": .array(accounts.map { .object($0.object) })]
        return try await write("im_open_login_svc/multiaccount_import", body, idempotencyKey) {
            (reply) throws(WireFault) in
            reply.object["FailAccounts"] == nil ? [] : try reply.texts("FailAccounts")
        }
    }

    /// Deletes up to 100 accounts: `im_open_login_svc/account_delete` (spec/accounts.md 5).
    ///
    /// Their subscriptions go with them; channels that they own stay.
    ///
    /// - Returns: one item for each ID, in the order of the request.
    public func deleteAccounts(
        _ ids: [String],
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> [AccountDeletion] {
        try await write("im_open_login_svc/account_delete", Self.items("DeleteItem", ids), idempotencyKey) {
            (reply) throws(WireFault) in
            try reply.objects("ResultItem") { (item) throws(WireFault) in try AccountDeletion(item) }
        }
    }

    /// Tells of up to 100 accounts whether they are imported: `im_open_login_svc/account_check` (spec/accounts.md 6).
    ///
    /// - Returns: one item for each ID, in the order of the request.
    public func checkAccounts(_ ids: [String]) async throws(RostrumError) -> [AccountCheck] {
        try await read("im_open_login_svc/account_check", Self.items("CheckItem", ids)) { (reply) throws(WireFault) in
            try reply.objects("ResultItem") { (item) throws(WireFault) in try AccountCheck(item) }
        }
    }

    /// Makes every UserSig void that was issued for an account up to now, and ends its sessions:
    /// `im_open_login_svc/kick` (spec/accounts.md 7).
    ///
    /// Refused with 70107 when the account is not imported.
    public func kick(_ id: String, idempotencyKey: String? = nil) async throws(RostrumError) {
        try await write("im_open_login_svc/kick", ["UserID": .string(id)], idempotencyKey)
    }

    /// Tells of up to 500 accounts whether they are online: `openim/query_online_status` (spec/accounts.md 8).
    ///
    /// Refused with 70107 when none of them is imported, 90001 for an empty list, 90011 for more than 500.
    ///
    /// - Parameter withDetail: whether to tell the platforms of those that are not offline.
    public func onlineStatus(
        of ids: [String],
        withDetail: Bool = false
    ) async throws(RostrumError) -> OnlineStatuses {
        let body: JSONObject = ["To_Account": .texts(ids), "IsNeedDetail": .integer(withDetail ? 1 : 0)]
        return try await read("openim/query_online_status", body) { (reply) throws(WireFault) in
            try OnlineStatuses(reply)
        }
    }

    private static func items(_ name: String, _ ids: [String]) -> JSONObject {
        JSONObject([.init(name: name, value: .array(ids.map { .object(["UserID": .string($0)]) }))])
    }
}
