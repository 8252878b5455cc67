import FoundationEssentials

/// The JSON object inside a token, as it is on the wire (spec/usersig.md section 3).
struct TokenDocument: Decodable {
    let version: String
    let identifier: String
    let sdkAppID: WireInteger
    let lifetime: WireInteger
    let issuedAt: WireInteger
    /// Standard Base64.
    let userBuffer: String?
    /// Standard Base64 of 32 bytes.
    let signature: String

    private enum CodingKeys: String, CodingKey {
        case version = "TLS.ver"
        case identifier = "TLS.identifier"
        case sdkAppID = "TLS.sdkappid"
        case lifetime = "TLS.expire"
        case issuedAt = "TLS.time"
        case userBuffer = "TLS.userbuf"
        case signature = "TLS.sig"
    }

    /// Reads a document of any member order and white space; members it does not know are ignored.
    init(json: Data) throws(UserSigError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: json)
        } catch {
            throw .malformed(.badDocument)
        }
    }

    /// Writes a document without white space.
    ///
    /// By hand, since an encoder would make a failure possible and the order of members random.
    static func json(
        sdkAppID: Int64,
        identifier: String,
        issuedAt: Int64,
        lifetime: Int64,
        userBuffer: String?,
        signature: String
    ) -> [UInt8] {
        let buffer = userBuffer.map { #""TLS.userbuf":"\#($0)","# } ?? ""
        let text =
            #"{"TLS.ver":"2.0","TLS.identifier":\#(quoted(identifier)),"TLS.sdkappid":\#(sdkAppID),"#
            + #""TLS.expire":\#(lifetime),"TLS.time":\#(issuedAt),\#(buffer)"TLS.sig":"\#(signature)"}"#
        return Array(text.utf8)
    }

    /// `text` as a JSON string (RFC 8259 section 7).
    private static func quoted(_ text: String) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
            case ..<0x10: quoted += Array("\\u000\(String(byte, radix: 16))".utf8)
            case ..<0x20: quoted += Array("\\u00\(String(byte, radix: 16))".utf8)
            default: quoted.append(byte)
            }
        }
        quoted.append(UInt8(ascii: "\""))
        return String(decoding: quoted, as: UTF8.self)
    }
}

/// An integer that generators write as a number or as a decimal string.
struct WireInteger: Decodable {
    let value: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            value = number
            return
        }
        let text = try container.decode(String.self)
        // The signature covers the decimal text, so "+7" and "007" are not the number 7.
        guard let number = Int64(text), String(number).utf8.elementsEqual(text.utf8) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a decimal 64-bit integer")
        }
        value = number
    }
}
