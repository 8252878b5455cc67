import Chat
import ChatProtocol

/// A page of Tencent's documentation, by its number there.
struct CommandDocument {
    /// `PRODUCT/PAGE`; the product is 1047 on the international site and 269 on the Chinese one.
    let number: String

    var url: String {
        let site = number.hasPrefix("269/") ? "cloud.tencent.com" : "www.tencentcloud.com"
        return "https://\(site)/document/product/\(number)"
    }
}

extension CommandCard {
    /// The pages that describe it: how each is called and where it is.
    package var documentLinks: [(number: String, url: String)] {
        documents.map { ($0, CommandDocument(number: $0).url) }
    }

    /// Calls in a second, unless the plan or the application says otherwise.
    package var ordinaryRate: Int64 { rate(Plan.enterprise.limits[.callsPerSecond]) }
}

extension ErrorCode {
    /// What it means, in our own words.
    var meaning: String { Self.documented[self] ?? "" }
}
