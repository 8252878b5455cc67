import ArgumentParser
import Hummingbird
import Logging

/// Baseline B: a Hummingbird route that decodes and encodes the same bodies with Codable and does nothing else.
struct BareRoute: AsyncParsableCommand {
    @Option var port: Int

    struct CreateRequest: Decodable {
        let Owner_Account: String
        let Name: String
        let Introduction: String
        let FaceUrl: String
        let Organization: String
        let CustomString: String
        let MaxSubscriberNum: Int
    }

    struct CreateReply: ResponseEncodable {
        let ActionStatus: String
        let ErrorCode: Int
        let ErrorInfo: String
        let RequestId: String
        let OfficialAccountUserID: String
    }

    struct InfoRequest: Decodable {
        struct Item: Decodable {
            let Official_Account: String
        }

        let OfficialAccountIdList: [Item]
    }

    struct InfoReply: ResponseEncodable {
        struct Item: Encodable {
            let Official_Account: String
            let ErrorCode: Int
            let ErrorInfo: String
            let CreateTime: Int64
            let Name: String
            let Owner_Account: String
            let LastMsgTime: Int64
            let SubscriberNum: Int64
            let Introduction: String
            let FaceUrl: String
            let Organization: String
            let CustomString: String
        }

        let ActionStatus: String
        let ErrorCode: Int
        let ErrorInfo: String
        let RequestId: String
        let OfficialAccountInfoList: [Item]
    }

    func run() async throws {
        let router = Router()
        router.post("v4/official_account_open_http_svc/create_official_account") { request, context -> CreateReply in
            _ = try await request.decode(as: CreateRequest.self, context: context)
            return CreateReply(
                ActionStatus: "OK",
                ErrorCode: 0,
                ErrorInfo: "",
                RequestId: "0123456789abcdef-1234567",
                OfficialAccountUserID: "@TOA#_@TOA#0123456789ab"
            )
        }
        router.post("v4/official_account_open_http_svc/get_official_account_info") { request, context -> InfoReply in
            let asked = try await request.decode(as: InfoRequest.self, context: context)
            return InfoReply(
                ActionStatus: "OK",
                ErrorCode: 0,
                ErrorInfo: "",
                RequestId: "0123456789abcdef-1234567",
                OfficialAccountInfoList: asked.OfficialAccountIdList.map { item in
                    InfoReply.Item(
                        Official_Account: item.Official_Account,
                        ErrorCode: 0,
                        ErrorInfo: "",
                        CreateTime: 1_767_225_600,
                        Name: "Harbour News",
                        Owner_Account: "107867",
                        LastMsgTime: 0,
                        SubscriberNum: 0,
                        Introduction: "Tides and ferries",
                        FaceUrl: "https://img.example.net/h.png",
                        Organization: "Port of Example",
                        CustomString: "{\"lang\":\"en\"}"
                    )
                }
            )
        }
        var logger = Logger(label: "bare")
        logger.logLevel = .error
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 4096),
            logger: logger
        )
        try await application.runService()
    }
}
