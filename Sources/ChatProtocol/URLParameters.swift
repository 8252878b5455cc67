/// The parameters in the URL of a call, decoded once and not yet judged.
///
/// Names and values are case-sensitive, their order is free, unknown ones are ignored. A parameter without `=` is
/// there and empty.
///
/// Source: spec/conventions.md section 1.
public struct URLParameters: Sendable, Equatable {
    /// The application's number.
    public private(set) var sdkAppID: String?
    /// The caller's account.
    public private(set) var identifier: String?
    /// The caller's token, never to be logged.
    public private(set) var userSig: String?
    /// Marks the request: an unsigned 32-bit number.
    public private(set) var random: String?
    /// `json`.
    public private(set) var contentType: String?
    /// What a live connection comes from.
    public private(set) var platform: String?

    /// Takes a query string apart.
    ///
    /// - Parameter query: what follows the `?`; may be empty.
    /// - Throws: 60002 for a broken percent-encoding or bytes that are not UTF-8, 60025 for a parameter that is there
    ///   twice, since two readers might choose differently.
    public init(query: Substring) throws(ChatError) {
        let bytes = Array(query.utf8)
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
            try read(bytes[start..<end])
            start = end + 1
        }
    }

    /// The same with a token that was given elsewhere, unless the URL has one.
    public func offering(userSig: String) -> URLParameters {
        var copy = self
        copy.userSig = self.userSig ?? userSig
        return copy
    }

    private mutating func read(_ part: ArraySlice<UInt8>) throws(ChatError) {
        let mark = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
        let name = try Self.decoded(part[..<mark])
        let value = part[mark...].dropFirst()
        switch name {
        case "sdkappid": try Self.set(&sdkAppID, name, value)
        case "identifier": try Self.set(&identifier, name, value)
        case "usersig": try Self.set(&userSig, name, value)
        case "random": try Self.set(&random, name, value)
        case "contenttype": try Self.set(&contentType, name, value)
        case "platform": try Self.set(&platform, name, value)
        default: break
        }
    }

    private static func set(
        _ parameter: inout String?,
        _ name: String,
        _ value: ArraySlice<UInt8>
    ) throws(ChatError) {
        let decoded = try decoded(value)
        guard parameter == nil else {
            throw ChatError(.badURLParameter, "\(name) appears twice in the URL; send it once.")
        }
        parameter = decoded
    }

    /// A part of a URL with its percent-encoding undone.
    ///
    /// - Throws: 60002 when it is broken, or does not give UTF-8.
    package static func decoded(_ part: ArraySlice<UInt8>) throws(ChatError) -> String {
        guard part.contains(UInt8(ascii: "%")) else { return try text(part) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count)
        var rest = part
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(UInt8.init(hexDigit:)),
                let low = rest.popFirst().flatMap(UInt8.init(hexDigit:))
            else {
                throw ChatError(.httpParsingFailed, "The URL has a % that two hexadecimal digits do not follow.")
            }
            bytes.append(high << 4 | low)
        }
        return try text(bytes[...])
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(ChatError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ChatError(.httpParsingFailed, "The URL's percent-encoding does not give UTF-8.")
        }
        return text
    }
}
