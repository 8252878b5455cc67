import ChatProtocol
import FoundationEssentials

/// A place between two subscribers of a channel: after the one who came at `position`, and of those who came together
/// with him after the one of that name.
///
/// Whoever subscribes later has a later place, so a walk from page to page meets everyone who stays exactly once.
///
/// As text it is opaque: Base64 of a version, the channel's incarnation, the position and the name.
package struct SubscriberCursor: Sendable, Equatable {
    let incarnation: Int64
    let position: Int64
    let user: UserID

    /// The longest text, in bytes.
    package static let longest = 100

    private static let version: UInt8 = 1

    init(incarnation: Int64, position: Int64, user: UserID) {
        (self.incarnation, self.position, self.user) = (incarnation, position, user)
    }

    package var text: String {
        var bytes = [Self.version]
        for number in [incarnation, position] { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }
        bytes += user.rawValue.utf8
        return Data(bytes).base64EncodedString()
    }

    /// Nil unless the text is one that ``text`` made.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest, let bytes = Data(base64Encoded: text).map(Array.init),
            bytes.first == Self.version, bytes.count > 17,
            let user = UserID(rawValue: String(decoding: bytes[17...], as: UTF8.self))
        else { return nil }
        let numbers = [bytes[1..<9], bytes[9..<17]].map { part in
            Int64(bitPattern: part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
        self.init(incarnation: numbers[0], position: numbers[1], user: user)
        // One place has one text.
        guard self.text == text else { return nil }
    }
}
