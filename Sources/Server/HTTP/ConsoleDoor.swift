import Web
import Console
import HTTPTypes
import Hummingbird
import Traces

/// The console's own port: its pages, and nothing else.
struct ConsoleDoor: HTTPResponder {
    struct Context: InitializableFromSource {
        let peer: String

        init(source: ApplicationRequestContextSource) {
            peer = source.channel.remoteAddress?.ipAddress ?? ""
        }
    }

    let console: Console
    let clientAddress: ClientAddress
    let propagator: W3CPropagator

    func respond(to request: Request, context: Context) async throws -> Response {
        guard Console.covers(request.uri.path) else { return Response.redirect(to: Console.path, type: .normal) }
        let forwarded = request.headers[values: .xForwardedFor]
        let response = await propagator.inSpan(of: request.headers) {
            await console.respond(to: request, from: clientAddress.find(peer: context.peer, forwarded: forwarded))
        }
        return request.method == .head ? response.createHeadResponse() : response
    }
}
