package import Chat
package import ChatProtocol
import Synchronization

/// A backend of a test's making: answers as it is told, when it is told, and remembers what it was sent.
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
        var rule: @Sendable (Post) -> WebhookOutcome? = { _ in nil }
        var others = WebhookOutcome.accepted
        /// Which posts wait for their answer.
        var holds: (@Sendable (Post) -> Bool)?
        var held: [CheckedContinuation<Void, Never>] = []
        var underWay = 0
        var mostAtOnce = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Everything that was posted, in order.
    package var posts: [Post] { state.withLock { $0.posts } }

    /// How many posts waited for their answer at the same time, at most.
    package var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    /// How many posts wait for their answer.
    package var underWay: Int { state.withLock { $0.underWay } }

    /// Answers the next posts of an event, one after the other, by its short name: `BeforeSendMsg`.
    package func answer(_ event: String, with outcomes: WebhookOutcome...) {
        state.withLock { $0.answers[event, default: []] += outcomes }
    }

    /// Answers by what is posted; nil leaves a post to ``answerAll(with:)``.
    package func answer(by rule: @escaping @Sendable (Post) -> WebhookOutcome?) {
        state.withLock { $0.rule = rule }
    }

    /// Lets posts wait for their answer until ``release()``.
    package func hold(_ isHeld: @escaping @Sendable (Post) -> Bool = { _ in true }) {
        state.withLock { $0.holds = isHeld }
    }

    /// Answers those that wait, and those to come at once.
    package func release() {
        let held = state.withLock { state in
            defer { (state.holds, state.held) = (nil, []) }
            return state.held
        }
        for post in held { post.resume() }
    }

    /// Answers everything else.
    package func answerAll(with outcome: WebhookOutcome) {
        state.withLock { $0.others = outcome }
    }

    package func post(_ request: WebhookRequest) async -> WebhookOutcome {
        let parsed = try? JSONValue(parsing: request.body)
        let body = if case .object(let object) = parsed { object } else { JSONObject() }
        let post = Post(request: request, body: body)
        let isHeld = state.withLock { state in
            state.posts.append(post)
            state.underWay += 1
            state.mostAtOnce = max(state.mostAtOnce, state.underWay)
            return state.holds?(post) ?? false
        }
        if isHeld { await wait() }
        return state.withLock { state in
            state.underWay -= 1
            guard var answers = state.answers[post.event], !answers.isEmpty else {
                return state.rule(post) ?? state.others
            }
            defer { state.answers[post.event] = answers }
            return answers.removeFirst()
        }
    }

    private func wait() async {
        await withCheckedContinuation { continuation in
            let isReleased = state.withLock { state in
                guard state.holds != nil else { return true }
                state.held.append(continuation)
                return false
            }
            if isReleased { continuation.resume() }
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
