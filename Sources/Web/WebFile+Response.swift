import HTTPTypes
package import Hummingbird
import NIOCore

extension WebFile {
    /// The file, or that the asker has it already.
    package func response(to request: Request) -> Response {
        let isKnown = request.headers[values: .ifNoneMatch].contains { names($0) }
        return Response(
            status: isKnown ? .notModified : .ok,
            headers: headers,
            body: isKnown ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// Whether one of the tags in an `If-None-Match` header is this file's.
    private func names(_ header: String) -> Bool {
        header.split(separator: ",").contains { part in
            let tag = part.drop { $0 == " " || $0 == "\t" }
            return tag.hasPrefix("*") || tag.hasPrefix(entityTag) || tag.hasPrefix("W/" + entityTag)
        }
    }

    private var headers: HTTPFields {
        var headers: HTTPFields = [
            .contentType: contentType,
            .eTag: entityTag,
            // Asked about each time, so that an SDK is never older than the server that it talks to.
            .cacheControl: "no-cache",
            .xContentTypeOptions: "nosniff",
        ]
        switch audience {
        case .everybody: headers[.accessControlAllowOrigin] = "*"
        case .thisServer:
            headers[.contentSecurityPolicy] = Self.policy
            headers[.referrerPolicy] = "no-referrer"
        }
        return headers
    }

    /// A page may load and reach what comes from this server, and nothing else; nobody may frame it.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """
}
