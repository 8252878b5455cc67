import ChatProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// What a form sent, by the names of its fields.
struct Form: Sendable {
    /// The longest form, in bytes; posts and pictures' addresses are far shorter.
    static let longest = 262_144

    /// The longest of somebody who has not signed in, in bytes.
    static let longestOfStrangers = 8192

    private let fields: [String: String]

    init() {
        fields = [:]
    }

    /// What stands behind the `?`; nothing when that is no form.
    init(query: String) {
        fields = (try? URLEncodedFormDecoder().decode([String: String].self, from: query)) ?? [:]
    }

    /// - Throws: an HTTP error, 413 or 400, for a form that is too long or none.
    init(_ request: Request, limit: Int) async throws {
        var request = request
        let body = try await request.collectBody(upTo: limit)
        do {
            fields = try URLEncodedFormDecoder().decode([String: String].self, from: String(buffer: body))
        } catch {
            throw HTTPError(.badRequest, message: "not a form: send application/x-www-form-urlencoded, each field once")
        }
    }

    /// What a field has, without white space at its ends; empty when it is not there.
    subscript(_ name: String) -> String {
        raw(name).trimmingWhiteSpace
    }

    /// What a field has, as it was sent, but with one character for the end of a line.
    ///
    /// Browsers send two, and count one where they limit a length.
    func raw(_ name: String) -> String {
        (fields[name] ?? "").asSent(byLines: true)
    }

    /// Whether a box is ticked.
    func isOn(_ name: String) -> Bool { fields[name] != nil }

    /// What was drawn when the form was made; empty where it is one that may be sent again.
    var once: String { self["_once"] }

    /// All of it but whose session it was sent in, in an order of its own.
    var content: JSONObject {
        JSONObject(
            fields.filter { $0.key != "_token" }.sorted { $0.key < $1.key }
                .map { JSONObject.Member(name: $0.key, value: .string($0.value)) }
        )
    }

    var names: some Collection<String> { fields.keys }

    var token: String { fields["_token"] ?? "" }
}

extension String {
    var trimmingWhiteSpace: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
