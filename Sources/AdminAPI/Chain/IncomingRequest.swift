/// An HTTP request as far as the REST API looks at it.
package struct IncomingRequest: Sendable {
    /// What came of reading the body.
    package enum Body: Sendable {
        case complete([UInt8])
        case tooLarge
        /// The connection ended or stalled before its end.
        case incomplete
    }

    package let method: String
    /// Whether its headers say that a body follows.
    package let announcesBody: Bool
    /// Without the query string.
    package let path: Substring
    package let query: Substring
    /// The header `Idempotency-Key`.
    package let idempotencyKey: String?
    /// The caller's IP address, proxies seen through.
    package let address: String
    /// Reads the body, once, unless it is longer than so many bytes.
    package let readBody: @Sendable (_ limit: Int) async -> Body

    package init(
        method: String,
        announcesBody: Bool,
        path: Substring,
        query: Substring,
        idempotencyKey: String?,
        address: String,
        readBody: @escaping @Sendable (_ limit: Int) async -> Body
    ) {
        (self.method, self.announcesBody, self.path, self.query) = (method, announcesBody, path, query)
        (self.idempotencyKey, self.address, self.readBody) = (idempotencyKey, address, readBody)
    }
}
