import ChatProtocol
import Crypto

/// The second factor: codes of six digits that change every 30 s, as authenticator apps show them.
///
/// Source: RFC 6238 with SHA-1, which is what every app has.
package struct OneTimeCode: Sendable {
    /// What the app and the server share; 20 bytes.
    let secret: [UInt8]

    static let period: Int64 = 30

    init(secret: [UInt8]) {
        self.secret = secret
    }

    /// A secret that was shown as ``hexadecimalSecret``; nil when it is none.
    package init?(hexadecimalSecret text: String) {
        guard let secret = [UInt8](hexadecimal: text), secret.count == 20 else { return nil }
        self.secret = secret
    }

    package var hexadecimalSecret: String { hexadecimal(secret) }

    /// The secret as apps take it: base32 without padding.
    package var text: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var text: [UInt8] = []
        var (pending, bits) = (0, 0)
        for byte in secret {
            (pending, bits) = (pending << 8 | Int(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[pending >> bits & 31])
            }
            pending &= (1 << bits) - 1
        }
        if bits > 0 { text.append(alphabet[pending << (5 - bits) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The address that an app reads, as a link or in a picture.
    package func address(for name: OperatorName) -> String {
        "otpauth://totp/Rostrum:\(name)?secret=\(text)&issuer=Rostrum"
    }

    /// The code that apps show at a moment.
    package func code(at moment: Timestamp) -> String {
        code(ofStep: moment.seconds / Self.period)
    }

    /// The code of a step: how many periods have passed since 1970.
    func code(ofStep step: Int64) -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let digest = Array(HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret)))
        let offset = Int(digest[19] & 15)
        let number = digest[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// Which step a code belongs to: that of `now`, the one before or the one after, for clocks differ.
    ///
    /// - Parameter used: the last step whose code was accepted; it and those before it are good no more.
    /// - Returns: nil when the code is wrong or used.
    func step(of code: String, at now: Timestamp, after used: Int64) -> Int64? {
        let current = now.seconds / Self.period
        return (current - 1...current + 1).first {
            $0 > used && areSameSecret(Array(self.code(ofStep: $0).utf8), Array(code.utf8))
        }
    }
}
