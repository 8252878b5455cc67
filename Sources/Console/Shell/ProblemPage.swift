import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import Logging

/// A page that says nothing but that something went wrong, and leads back.
enum ProblemPage {
    private struct Content: Sendable {
        let refusal: Refusal
        let back: String
    }

    /// Under an application's path with that application's navigation, if there is such an application.
    static func make(_ status: HTTPResponse.Status, _ error: ChatError, _ visit: Visit) async -> Page {
        let application = try? await visit.application()
        let section = application.flatMap { application in
            Navigation.application.first { !$0.path.isEmpty && visit.path.hasPrefix(application.path + $0.path) }
        }
        let content = Content(
            refusal: Refusal(error, visit.texts),
            back: application?.path ?? "\(Console.path)/apps"
        )
        return Page(
            "problem",
            title: status == .notFound ? "errors.notFoundTitle" : "errors.title",
            content,
            of: application,
            section: section?.section ?? "",
            status: status
        )
    }
}

/// Has what no route answers, or no form, told on a page too.
struct ProblemPages: RouterMiddleware {
    let services: Services

    // The router's module was built without `NonisolatedNonsendingByDefault`; its closures say so.
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
            if status.kind == .serverError { context.logger.failed(request.uri.path, error) }
            let key =
                switch status {
                case .notFound: "errors.notFound"
                case .contentTooLarge: "errors.tooLong"
                case _ where status.kind == .serverError: "refusals.fault"
                default: "errors.form"
                }
            let response = try await services.answer(request, context, .readOnly) { _ throws(ChatError) in
                .problem(status, key)
            }
            return request.method == .head ? response.createHeadResponse() : response
        }
    }
}
