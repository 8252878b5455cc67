package import Chat
package import ChatProtocol
import Synchronization

/// A backend of a test's making: answers as it is told and remembers what it was sent.
package final class ScriptedSender: WebhookSender {
    /// What was posted, taken apart.
    package struct Post: Sendable {
        package let request: WebhookRequest
        package let body: JSONObject

        /// The last part of the `CallbackCommand`: `AfterSendMsg`.
        package var event: String {
            guard case .string(let command) = body["CallbackCommand"] else { return "" }
            return command.replacing("OfficialAccount.Callback", with: "")
        }

        package func header(_ name: String) -> String? {
            request.headers.first { $0.name == name }?.value
        }

        /// The parameters of the URL, in their order.
        package var query: [(name: String, value: String)] {
            request.url.split(separator: "?").dropFirst().joined().split(separator: "&").map { part in
                let mark = part.firstIndex(of: "=") ?? part.endIndex
                return (String(part[..<mark]), String(part[mark...].dropFirst()))
            }
        }
    }

    private struct State {
        var posts: [Post] = []
        var answers: [String: [WebhookOutcome]] = [:]
        var others = WebhookOutcome.accepted
    }

    private let state = Mutex(State())

    package init() {}

    /// Everything that was posted, in order.
    package var posts: [Post] { state.withLock { $0.posts } }

    /// Answers the next posts of an event, one after the other, by its short name: `BeforeSendMsg`.
    package func answer(_ event: String, with outcomes: WebhookOutcome...) {
        state.withLock { $0.answers[event, default: []] += outcomes }
    }

    /// Answers everything else.
    package func answerAll(with outcome: WebhookOutcome) {
        state.withLock { $0.others = outcome }
    }

    package func post(_ request: WebhookRequest) async -> WebhookOutcome {
        let parsed = try? JSONValue(parsing: request.body)
        let body = if case .object(let object) = parsed { object } else { JSONObject() }
        let post = Post(request: request, body: body)
        return state.withLock { state in
            state.posts.append(post)
            guard var answers = state.answers[post.event], !answers.isEmpty else { return state.others }
            defer { state.answers[post.event] = answers }
            return answers.removeFirst()
        }
    }
}

extension WebhookOutcome {
    /// HTTP 200 and `ErrorCode` 0.
    package static let accepted = Self.verdict(0)

    /// HTTP 200 and an envelope with more fields, as JSON text: `,"MsgBody":[…]`.
    package static func verdict(_ code: Int64, _ info: String = "", more: String = "") -> WebhookOutcome {
        .reply(#"{"ActionStatus":"OK","ErrorInfo":"\#(info)","ErrorCode":\#(code)\#(more)}"#)
    }

    package static func reply(_ text: String, status: Int = 200) -> WebhookOutcome {
        .replied(WebhookReply(status: status, body: Array(text.utf8)))
    }
}
