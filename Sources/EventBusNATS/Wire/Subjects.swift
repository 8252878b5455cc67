import ChatProtocol
package import EventBus

/// The subjects of an installation; those of others on the same servers are apart.
package struct Subjects: Sendable {
    private let prefix: String

    /// - Parameter installation: letters, digits, `-` and `_`.
    package init(installation: String) {
        prefix = "rostrum.\(installation)."
    }

    /// What concerns every node.
    package var all: String { prefix + "all" }
    /// Where nodes say that they are there.
    var nodes: String { prefix + "nodes" }
    /// What is asked of every node.
    var questions: String { prefix + "questions" }

    /// Where a node is answered.
    func answer(to node: String, _ question: UInt64) -> String { "\(prefix)answers.\(node).\(question)" }

    func answers(to node: String) -> String { "\(prefix)answers.\(node).*" }

    /// The question that an answer's subject names.
    static func question(ofAnswer subject: String) -> UInt64? {
        subject.split(separator: ".").last.flatMap { UInt64($0) }
    }

    package func of(_ topic: Topic) -> String {
        switch topic {
        case .channel(let application, let channel):
            "\(prefix)channel.\(application).\(Self.token(channel.rawValue))"
        case .user(let application, let user): "\(prefix)user.\(application).\(Self.token(user.rawValue))"
        }
    }

    /// A name in characters that a subject may hold: base64url without padding.
    static func token(_ name: String) -> String {
        var token: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in name.utf8 {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                token.append(alphabet[Int(bits >> UInt32(count) & 0x3F)])
            }
        }
        if count > 0 { token.append(alphabet[Int(bits << UInt32(6 - count) & 0x3F)]) }
        return String(decoding: token, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
