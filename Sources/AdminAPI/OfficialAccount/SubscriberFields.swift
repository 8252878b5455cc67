import Chat
package import ChatProtocol

/// The fields that several subscriber commands share.
package enum SubscriberFields {
    static let account = AccountNameField("Subscriber_Account")
    /// Subscribers in one call.
    package static let most = 100
    static let list = ObjectListField("SubscriberList", of: [account], count: 1...most)
    /// Items on one page.
    static let largestPage: Int64 = 200
    static let limit = IntegerField("Limit", 1...largestPage, zeroIsAbsent: true)

    /// Whom a request to add subscribers names.
    package static func names(in body: RequestBody) throws(ChatError) -> [String] {
        try body.objects(list).map { item throws(ChatError) in try item.required(account) }
    }
}
