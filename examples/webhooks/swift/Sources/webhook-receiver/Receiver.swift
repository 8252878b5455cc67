import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Receives webhooks of Rostrum: checks who sent them, answers them, and tells repetitions.
///
///     ROSTRUM_SDKAPPID=88888888 ROSTRUM_WEBHOOK_SECRET=… swift run webhook-receiver
///
/// `ROSTRUM_WEBHOOK_TOKEN` is the text given to `rostrum app set --webhook-token`, if any; `PORT` is 9000 unless it says
/// otherwise.
@main
struct Receiver {
    struct Event: Decodable {
        let CallbackCommand: String
        let Name: String?
    }

    struct Reply: ResponseEncodable {
        var ActionStatus = "OK"
        var ErrorCode = 0
        var ErrorInfo = ""
    }

    /// The newest deliveries. Where it counts, keep them in the database, in the transaction of what they cause.
    actor Seen {
        private var ids: Set<String> = []
        private var order: [String] = []

        func isNew(_ delivery: String) -> Bool {
            guard ids.insert(delivery).inserted else { return false }
            order.append(delivery)
            if order.count > 10_000 { ids.remove(order.removeFirst()) }
            return true
        }
    }

    let verification: Verification
    let seen = Seen()

    func receive(_ request: Request) async throws -> EditedResponse<Reply> {
        let body = try await Data(request.body.collect(upTo: 1 << 20).readableBytesView)
        let fault = verification.fault(
            query: { request.uri.queryParameters[$0[...]].map(String.init) },
            header: { name in HTTPField.Name(name).flatMap { request.headers[$0] } },
            body: body
        )
        if let fault {
            let reply = Reply(ActionStatus: "FAIL", ErrorCode: 1, ErrorInfo: fault)
            return EditedResponse(status: .unauthorized, response: reply)
        }
        let event = try JSONDecoder().decode(Event.self, from: body)
        let delivery = HTTPField.Name("X-Rostrum-Delivery").flatMap { request.headers[$0] } ?? ""
        if await seen.isNew(delivery) { say("\(event.CallbackCommand) \(delivery)") }
        return EditedResponse(status: .ok, response: verdict(on: event))
    }

    /// The answer to an event; only "before" webhooks look at it.
    private func verdict(on event: Event) -> Reply {
        let isCreation = event.CallbackCommand == "OfficialAccount.CallbackBeforeCreateOfficialAccount"
        guard isCreation, event.Name?.contains("forbidden") == true else { return Reply() }
        return Reply(ErrorCode: 120_001, ErrorInfo: "This name is not allowed.")
    }

    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let sdkAppID = environment["ROSTRUM_SDKAPPID"], let secret = environment["ROSTRUM_WEBHOOK_SECRET"] else {
            say("set ROSTRUM_SDKAPPID and ROSTRUM_WEBHOOK_SECRET")
            exit(1)
        }
        let token = environment["ROSTRUM_WEBHOOK_TOKEN"] ?? ""
        let receiver = Receiver(verification: Verification(sdkAppID: sdkAppID, secret: secret, token: token))
        let router = Router()
        router.post("**") { request, _ in try await receiver.receive(request) }
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: environment["PORT"].flatMap(Int.init) ?? 9000)),
            onServerRunning: { channel in
                say("listening on http://127.0.0.1:\(channel.localAddress?.port ?? 0)")
            }
        )
        try await application.runService()
    }
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
