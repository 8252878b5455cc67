import AdminAPI
import ChatProtocol

extension SubscriberFields {
    /// The accounts that a form names, one a line; commas do as well.
    static func names(in form: Form) throws(ChatError) -> [String] {
        let names = form.raw("accounts").split { $0.isNewline || $0 == "," }.map { String($0).trimmingWhiteSpace }
        let items = names.filter { !$0.isEmpty }.map { JSONValue.object(["Subscriber_Account": .string($0)]) }
        return try Self.names(in: RequestBody(["SubscriberList": .array(items)], codes: .officialAccount))
    }
}
