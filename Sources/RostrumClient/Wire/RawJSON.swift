import ChatProtocol

/// A JSON value as it was written: numbers keep their digits and objects the order of their members.
public struct RawJSON: Sendable, Equatable {
    /// Why a text is no JSON.
    public struct Fault: Error, Equatable {
        /// How many bytes stand before the fault.
        public let offset: Int
        /// The fault in a short phrase.
        public let reason: String
    }

    let value: JSONValue

    init(_ value: JSONValue) {
        self.value = value
    }

    /// Reads a text, by RFC 8259 and in UTF-8, without two members of one name.
    public init(parsing text: String) throws(Fault) {
        do throws(JSONError) {
            value = try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw Fault(offset: error.offset, reason: error.reason)
        }
    }

    /// The value as JSON text without white space.
    public var text: String {
        var bytes: [UInt8] = []
        value.write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
