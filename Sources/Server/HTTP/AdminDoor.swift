import Hummingbird
import NIOCore
import Observability

/// The operator's port: metrics and health, nothing that changes anything.
struct AdminDoor: HTTPResponder {
    struct Context: InitializableFromSource {
        init(source: ApplicationRequestContextSource) {}
    }

    let registry: PrometheusRegistry
    let health: Health

    func respond(to request: Request, context: Context) async throws -> Response {
        switch request.uri.path {
        case "/healthz": return Health.alive
        case "/readyz": return await health.ready(namesDamage: true)
        case "/metrics":
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.exposition()))
            )
        default:
            return Response(
                status: .notFound,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "Here are /metrics, /healthz and /readyz.\n"))
            )
        }
    }
}
