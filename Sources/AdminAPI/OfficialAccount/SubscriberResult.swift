import ChatProtocol

/// What became of each user of a list: `SubscriberList` of a reply (spec/official-channels.md B.4 and B.5).
enum SubscriberResult {
    /// - Parameter results: `Result` of each name, in their order.
    static func list(_ names: [String], _ results: [Int64]) -> JSONValue {
        .array(
            zip(names, results).map { name, result in
                .object(["Subscriber_Account": .string(name), "Result": .integer(result)])
            }
        )
    }
}
