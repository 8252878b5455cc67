import ChatProtocol

/// What became of each user of a list: `SubscriberList` of a reply (spec/official-channels.md B.4 and B.5).
enum SubscriberResult {
    /// - Parameter meaning: what the numbers say.
    static func member(_ meaning: String) -> ReplyMember {
        ReplyMember(
            "SubscriberList",
            .list(
                .object([
                    ReplyMember("Subscriber_Account", .string, "The user."),
                    ReplyMember("Result", .integers([0, 1, 2]), meaning),
                ])
            ),
            "One item for each user, in the order of the request."
        )
    }

    /// - Parameter results: `Result` of each name, in their order.
    static func list(_ names: [String], _ results: [Int64]) -> JSONValue {
        .array(
            zip(names, results).map { name, result in
                .object(["Subscriber_Account": .string(name), "Result": .integer(result)])
            }
        )
    }
}
