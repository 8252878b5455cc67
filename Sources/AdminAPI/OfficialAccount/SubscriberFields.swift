import Chat

/// The fields that several subscriber commands share.
enum SubscriberFields {
    static let account = AccountNameField("Subscriber_Account")
    /// Subscribers in one call.
    static let most = 100
    /// Items on one page.
    static let largestPage: Int64 = 200
    static let limit = IntegerField("Limit", 1...largestPage, zeroIsAbsent: true)
}
