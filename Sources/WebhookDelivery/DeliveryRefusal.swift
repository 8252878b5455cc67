/// Why an attempt was not made, or not finished, by our own rules.
struct DeliveryRefusal: Error {
    /// For the delivery log.
    let words: String

    static let badURL = Self(words: "the URL is not http:// or https:// with a host and a port")
    static let tooManyNames = Self(words: "too many names are being looked up")

    static func address(_ address: String) -> Self {
        Self(words: "the address \(address) is not allowed; --webhook-allow permits it")
    }

    static func unknownName(_ name: String) -> Self {
        Self(words: "the name \(name) was not found")
    }
}
