import Crypto
import Foundation

/// Checks that a webhook of Rostrum came from the server, just now, and is for this application.
struct Verification: Sendable {
    let sdkAppID: String
    let secret: String
    /// The text given to `rostrum app set --webhook-token`; empty when there is none.
    let token: String

    /// What is wrong with a webhook; nil when nothing is.
    ///
    /// - Parameters:
    ///   - query: the value of a parameter of the URL.
    ///   - header: the value of a header.
    ///   - body: the bytes as they came.
    func fault(
        query: (String) -> String?,
        header: (String) -> String?,
        body: Data,
        at now: Date = .now
    ) -> String? {
        guard query("SdkAppid") == sdkAppID else { return "for another application" }
        let sent = header("X-Rostrum-Timestamp") ?? ""
        let delivery = header("X-Rostrum-Delivery") ?? ""
        guard isRecent(sent, now) else { return "not sent just now" }
        let signature = header("X-Rostrum-Signature") ?? ""
        // Both comparisons take the same time wherever the two differ.
        guard signature.hasPrefix("v1="), let code = Data(hexadecimal: signature.dropFirst(3)),
            HMAC<SHA256>.isValidAuthenticationCode(
                code,
                authenticating: Data("\(sent).\(delivery).\(sdkAppID).".utf8) + body,
                using: SymmetricKey(data: Data(secret.utf8))
            )
        else { return "signed with another secret" }
        if !token.isEmpty {
            let asked = query("RequestTime") ?? ""
            guard isRecent(asked, now), let sign = Data(hexadecimal: query("Sign") ?? ""),
                SHA256.hash(data: Data((token + asked).utf8)) == sign
            else { return "signed with another token" }
        }
        return nil
    }

    private func isRecent(_ text: String, _ now: Date) -> Bool {
        guard let seconds = UInt32(text) else { return false }
        return abs(now.timeIntervalSince1970 - Double(seconds)) <= 300
    }
}

extension Data {
    /// The bytes that lower-case hexadecimal digits stand for; nil when it is anything else.
    fileprivate init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap(\.hexadecimalValue)
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }
}

extension UInt8 {
    fileprivate var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
