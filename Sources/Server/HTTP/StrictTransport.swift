import HTTPTypes
import Hummingbird

/// Has every answer of a door tell browsers to come by HTTPS alone (RFC 6797).
struct StrictTransport<Door: HTTPResponder>: HTTPResponder where Door.Context: Sendable {
    let door: Door
    /// For how many seconds from now; nil says nothing.
    let lifetime: Int?

    func respond(to request: Request, context: Door.Context) async throws -> Response {
        var response = try await door.respond(to: request, context: context)
        if let lifetime { response.headers[.strictTransportSecurity] = "max-age=\(lifetime)" }
        return response
    }
}
