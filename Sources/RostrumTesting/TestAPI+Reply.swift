package import ChatProtocol

extension TestAPI {
    /// An answer of the API, found to be a complete envelope.
    package struct Reply: Sendable {
        /// Why an answer is no envelope.
        package struct Broken: Error, CustomStringConvertible {
            package let description: String
        }

        package let bytes: [UInt8]
        package let object: JSONObject
        package let code: ErrorCode
        package let info: String
        package let requestID: String

        /// - Throws: ``Broken`` unless the bytes are one JSON object with the four fields of every reply, and after a
        ///   failure with no other.
        package init(_ bytes: [UInt8]) throws {
            let text = String(decoding: bytes.prefix(1000), as: UTF8.self)
            guard let value = try? JSONValue(parsing: bytes), case .object(let object) = value else {
                throw Broken(description: "the reply is no JSON object: \(text)")
            }
            guard let status = object["ActionStatus"]?.text, let code = object["ErrorCode"]?.integer,
                let info = object["ErrorInfo"]?.text, let requestID = object["RequestId"]?.text
            else { throw Broken(description: "a field of the envelope is missing: \(text)") }
            guard status == (code == 0 ? "OK" : "FAIL"), info.isEmpty == (code == 0), !requestID.isEmpty else {
                throw Broken(description: "the envelope contradicts itself: \(text)")
            }
            guard code == 0 || object.members.count == 4 else {
                throw Broken(description: "a refusal carries fields of the command: \(text)")
            }
            (self.bytes, self.object, self.info, self.requestID) = (bytes, object, info, requestID)
            self.code = ErrorCode(rawValue: Int(code))
        }

        /// The command's own fields.
        package var payload: JSONObject {
            let envelope: Set = ["ActionStatus", "ErrorCode", "ErrorInfo", "RequestId"]
            return JSONObject(object.members.filter { !envelope.contains($0.name) })
        }

        package subscript(name: String) -> JSONValue? { object[name] }
    }
}
