package import HTTPTypes

/// The header names that the doors speak of, and HTTPTypes does not name.
extension HTTPField.Name {
    package static let idempotencyKey = known("Idempotency-Key")
    package static let referrerPolicy = known("Referrer-Policy")
    package static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
    package static let forwarded = known("Forwarded")
    package static let xForwardedFor = known("X-Forwarded-For")
    package static let xAccelBuffering = known("X-Accel-Buffering")
    package static let secFetchSite = known("Sec-Fetch-Site")

    /// A name that is written in the source, which therefore is one.
    package static func known(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(name)") else { preconditionFailure("not a header name") }
        return name
    }
}
