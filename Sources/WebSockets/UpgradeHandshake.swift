import Crypto
import FoundationEssentials
package import NIOHTTP1

/// A request to upgrade to WebSocket that can be granted (RFC 6455 section 4.2).
package struct UpgradeHandshake {
    /// The only version there is.
    package static let version = "13"

    private let key: String

    /// - Returns: nil when the request asks for something else, or not as it must be asked.
    package init?(_ head: HTTPRequestHead) {
        let headers = head.headers
        let keys = headers["sec-websocket-key"]
        guard head.method == .GET, head.version == .http1_1,
            headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }),
            headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            headers["sec-websocket-version"] == [Self.version],
            keys.count == 1, Data(base64Encoded: keys[0])?.count == 16,
            // A body would stand where frames are expected.
            !headers.contains(name: "transfer-encoding"),
            headers["content-length"].allSatisfy({ $0 == "0" })
        else { return nil }
        key = keys[0]
    }

    /// What the answer gives back to show that the server understood.
    var accept: String {
        let digest = Insecure.SHA1.hash(data: Data("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        return Data(digest).base64EncodedString()
    }

    /// - Returns: the head of the answer that grants the request.
    func answer(subprotocol: String?) -> HTTPResponseHead {
        var headers: HTTPHeaders = ["upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": accept]
        if let subprotocol { headers.add(name: "sec-websocket-protocol", value: subprotocol) }
        return HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
    }
}
