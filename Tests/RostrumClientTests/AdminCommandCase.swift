import ChatProtocol
import RostrumClient
import Testing

/// A call of the client, what it must send, an answer, and whether the client reads it rightly.
struct AdminCommandCase: Sendable, CustomTestStringConvertible {
    let command: String
    let body: String
    let reply: String
    /// Makes the call; true when the result is what the reply says.
    let isRight: @Sendable (AdminClient) async throws -> Bool

    var testDescription: String { command }
}

extension AdminCommandCase {
    private static let service = "official_account_open_http_svc"
    private static let news = "@TOA#_news"

    static let all = channels + subscribers + broadcasts + accounts

    private static let profile =
        #""Official_Account":"@TOA#_news","ErrorCode":0,"ErrorInfo":"","CreateTime":11,"Name":"News","#
        + #""Owner_Account":"anna","LastMsgTime":12,"SubscriberNum":3,"Introduction":"I","FaceUrl":"F","#
        + #""Organization":"O","CustomString":"C""#

    private static func isProfile(_ info: OfficialChannelInfo?) -> Bool {
        guard let info else { return false }
        return info.id == news && info.createdAt == 11 && info.name == "News" && info.owner == "anna"
            && info.lastMessageAt == 12 && info.subscriberCount == 3 && info.introduction == "I"
            && info.faceURL == "F" && info.organization == "O" && info.customString == "C"
    }

    private static let channels: [AdminCommandCase] = [
        AdminCommandCase(
            command: "\(service)/create_official_account",
            body: #"{"Owner_Account":"anna","Name":"News","OfficialAccountUserID":"@TOA#_news","Introduction":"I","#
                + #""FaceUrl":"F","MaxSubscriberNum":5,"Organization":"O","CustomString":"C"}"#,
            reply: #""OfficialAccountUserID":"@TOA#_news""#
        ) { client in
            let new = NewOfficialChannel(
                owner: "anna",
                name: "News",
                id: news,
                introduction: "I",
                faceURL: "F",
                maxSubscribers: 5,
                organization: "O",
                customString: "C"
            )
            return try await client.createOfficialChannel(new) == news
        },
        AdminCommandCase(
            command: "\(service)/destroy_official_account",
            body: #"{"Official_Account":"@TOA#_news"}"#,
            reply: ""
        ) { client in
            try await client.destroyOfficialChannel(news)
            return true
        },
        AdminCommandCase(
            command: "\(service)/modify_official_account_base_info",
            body: #"{"Official_Account":"@TOA#_news","Name":"N","Introduction":"I","FaceUrl":"F","#
                + #""MaxSubscriberNum":5,"Organization":"O","CustomString":"C"}"#,
            reply: ""
        ) { client in
            let change = OfficialChannelChange(
                name: "N",
                introduction: "I",
                faceURL: "F",
                maxSubscribers: 5,
                organization: "O",
                customString: "C"
            )
            try await client.modifyOfficialChannel(news, change)
            return true
        },
        AdminCommandCase(
            command: "\(service)/get_official_account_info",
            body: #"{"OfficialAccountIdList":[{"Official_Account":"@TOA#_news"},{"Official_Account":"@TOA#_x"}]}"#,
            reply: #""OfficialAccountInfoList":[{\#(profile)},"#
                + #"{"Official_Account":"@TOA#_x","ErrorCode":130004,"ErrorInfo":"None."}]"#
        ) { client in
            let found = try await client.officialChannels([news, "@TOA#_x"])
            return found.count == 2 && isProfile(found[0].found)
                && found[1] == .refused(channel: "@TOA#_x", Refusal(code: .channelNotFound, info: "None."))
        },
        AdminCommandCase(
            command: "\(service)/get_subscribed_official_account_list",
            body: #"{"Subscriber_Account":"anna","Limit":50,"Offset":100}"#,
            reply: #""OfficialAccountInfoList":[{\#(profile),"SelfInfo":{"SubscribeTime":21,"CustomString":"S"}}],"#
                + #""TotalCount":300,"CompleteFlag":0,"Next":101"#
        ) { client in
            let page = try await client.subscribedChannels(of: "anna", limit: 50, offset: 100)
            let own = page.items.first?.subscription
            return isProfile(page.items.first?.info) && own?.subscribedAt == 21 && own?.customString == "S"
                && page.totalCount == 300 && page.nextOffset == 101
        },
    ]

    private static let subscribers: [AdminCommandCase] = [
        AdminCommandCase(
            command: "\(service)/add_subscriber",
            body: #"{"Official_Account":"@TOA#_news","SubscriberList":[{"Subscriber_Account":"anna"},"#
                + #"{"Subscriber_Account":"bob"}]}"#,
            reply: #""SubscriberList":[{"Subscriber_Account":"anna","Result":1},"#
                + #"{"Subscriber_Account":"bob","Result":2}]"#
        ) { client in
            try await client.addSubscribers(["anna", "bob"], to: news) == [
                SubscriberAddition(user: "anna", outcome: .added),
                SubscriberAddition(user: "bob", outcome: .wasSubscribed),
            ]
        },
        AdminCommandCase(
            command: "\(service)/delete_subscriber",
            body: #"{"Official_Account":"@TOA#_news","SubscriberToDel_Account":["anna"]}"#,
            reply: #""SubscriberList":[{"Subscriber_Account":"anna","Result":0}]"#
        ) { client in
            try await client.deleteSubscribers(["anna"], from: news)
                == [SubscriberDeletion(user: "anna", outcome: .failed)]
        },
        AdminCommandCase(
            command: "\(service)/get_subscriber_info",
            body: #"{"Official_Account":"@TOA#_news","Limit":200,"Next":"abc"}"#,
            reply: #""Next":"","SubscriberNum":1,"SubscriberList":[{"Subscriber_Account":"anna","SubscribeTime":5,"#
                + #""CustomString":"C","MsgFlag":"Discard","LastSendMsgTime":0}]"#
        ) { client in
            let page = try await client.subscribers(of: news, next: "abc")
            let first = page.subscribers.first
            return page.next == nil && page.totalCount == 1 && first?.user == "anna" && first?.subscribedAt == 5
                && first?.customString == "C" && first?.messageFlag == .discard && first?.lastSentAt == 0
        },
        AdminCommandCase(
            command: "\(service)/modify_subscriber_info",
            body: #"{"Official_Account":"@TOA#_news","Subscriber_Account":"anna","CustomString":"C"}"#,
            reply: ""
        ) { client in
            try await client.modifySubscriber("anna", of: news, customString: "C")
            return true
        },
    ]

    private static let broadcasts: [AdminCommandCase] = [
        AdminCommandCase(
            command: "\(service)/send_official_account_msg",
            body: #"{"Official_Account":"@TOA#_news","Random":7,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":"#
                + #"{"Text":"Hello"}}],"CloudCustomData":"D","OfflinePushInfo":{"PushFlag":0,"Title":"T","#
                + #""ApnsInfo":{"BadgeMode":1}},"OnlineOnlyFlag":1,"ForbidCallbackControl":"#
                + #"["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"],"SendMsgControl":["NoLastMsg"]}"#,
            reply: #""MsgTime":31,"MsgKey":"1_1_31""#
        ) { client in
            var broadcast = Broadcast(text: "Hello")
            broadcast.random = 7
            broadcast.cloudCustomData = "D"
            broadcast.push = PushInfo(title: "T", vendors: ["ApnsInfo": try RawJSON(parsing: #"{"BadgeMode":1}"#)])
            broadcast.isOnlineOnly = true
            broadcast.skipsBeforeWebhook = true
            broadcast.skipsAfterWebhook = true
            broadcast.updatesLastMessage = false
            return try await client.sendBroadcast(broadcast, to: news)
                == SentBroadcast(key: "1_1_31", sentAt: 31, random: 7)
        },
        AdminCommandCase(
            command: "\(service)/official_account_msg_recall",
            body: #"{"Official_Account":"@TOA#_news","MsgKeyList":["1_1_31","x"],"Reason":"Wrong"}"#,
            reply: #""RecallRetList":[{"MsgKey":"1_1_31","RetCode":0},{"MsgKey":"x","RetCode":10030}]"#
        ) { client in
            try await client.recallBroadcasts(["1_1_31", "x"], of: news, reason: "Wrong") == [
                BroadcastRecall(key: "1_1_31", code: .ok), BroadcastRecall(key: "x", code: .messageNotFound),
            ]
        },
        AdminCommandCase(
            command: "\(service)/official_account_msg_get_simple",
            body: #"{"Official_Account":"@TOA#_news","ReqMsgNumber":5,"LastMsgKey":"9_1_9","WithRecalledMsg":1}"#,
            reply: #""Official_Account":"@TOA#_news","IsFinished":1,"LastMsgKey":"1_1_31","RspMsgList":["#
                + #"{"From_Account":"@TOA#_news","IsPlaceMsg":0,"MsgSeq":1,"MsgKey":"1_1_31","MsgTimeStamp":31,"#
                + #""MsgRandom":7,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Hello"}}],"#
                + #""CloudCustomData":"D"},{"From_Account":"@TOA#_news","IsPlaceMsg":2,"MsgSeq":2,"#
                + #""MsgKey":"2_1_32","MsgTimeStamp":32,"MsgRandom":8,"MsgBody":[]}]"#
        ) { client in
            let page = try await client.history(of: news, count: 5, before: "9_1_9", withRecalled: true)
            guard page.messages.count == 2, page.completion == .complete, page.oldestKey == "1_1_31" else {
                return false
            }
            let (kept, recalled) = (page.messages[0], page.messages[1])
            return kept.seq == 1 && kept.key == "1_1_31" && kept.sentAt == 31 && kept.random == 7
                && kept.state == .kept && kept.body == [.text("Hello")] && kept.cloudCustomData == "D"
                && recalled.state == .recalled && recalled.body.isEmpty && recalled.cloudCustomData.isEmpty
        },
        AdminCommandCase(
            command: "rostrum_svc/get_broadcast_receipt",
            body: #"{"Official_Account":"@TOA#_news","MsgKey":"1_1_31"}"#,
            reply: #""Official_Account":"@TOA#_news","MsgKey":"1_1_31","MsgSeq":1,"MsgTime":31,"OnlineNum":10,"#
                + #""WrittenNum":9,"LaggingNum":1,"ReadNum":4,"LastWriteMs":12"#
        ) { client in
            let receipt = try await client.broadcastReceipt(of: "1_1_31", in: news)
            return receipt.channel == news && receipt.key == "1_1_31" && receipt.seq == 1 && receipt.sentAt == 31
                && receipt.onlineCount == 10 && receipt.writtenCount == 9 && receipt.laggingCount == 1
                && receipt.readCount == 4 && receipt.lastWriteMilliseconds == 12
        },
    ]

    private static let accounts: [AdminCommandCase] = [
        AdminCommandCase(
            command: "im_open_login_svc/account_import",
            body: #"{"UserID":"anna","Nick":"Anna","FaceUrl":"F"}"#,
            reply: ""
        ) { client in
            try await client.importAccount(NewAccount(id: "anna", nick: "Anna", faceURL: "F"))
            return true
        },
        AdminCommandCase(
            command: "im_open_login_svc/multiaccount_import",
            body: #"{"AccountList":[{"UserID":"anna"},{"UserID":"b b"}]}"#,
            reply: #""FailAccounts":["b b"]"#
        ) { client in
            try await client.importAccounts([NewAccount(id: "anna"), NewAccount(id: "b b")]) == ["b b"]
        },
        AdminCommandCase(
            command: "im_open_login_svc/account_delete",
            body: #"{"DeleteItem":[{"UserID":"anna"}]}"#,
            reply: #""ResultItem":[{"UserID":"anna","ResultCode":70107,"ResultInfo":"None."}]"#
        ) { client in
            try await client.deleteAccounts(["anna"])
                == [AccountDeletion(id: "anna", code: .accountNotImported, info: "None.")]
        },
        AdminCommandCase(
            command: "im_open_login_svc/account_check",
            body: #"{"CheckItem":[{"UserID":"anna"},{"UserID":"bob"}]}"#,
            reply: #""ResultItem":[{"UserID":"anna","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},"#
                + #"{"UserID":"bob","ResultCode":0,"ResultInfo":"","AccountStatus":"NotImported"}]"#
        ) { client in
            try await client.checkAccounts(["anna", "bob"])
                == [AccountCheck(id: "anna", isImported: true), AccountCheck(id: "bob", isImported: false)]
        },
        AdminCommandCase(command: "im_open_login_svc/kick", body: #"{"UserID":"anna"}"#, reply: "") { client in
            try await client.kick("anna")
            return true
        },
        AdminCommandCase(
            command: "openim/query_online_status",
            body: #"{"To_Account":["anna","zz"],"IsNeedDetail":1}"#,
            reply: #""QueryResult":[{"To_Account":"anna","Status":"Online","Detail":[{"Platform":"Web","#
                + #""Status":"Online"}]}],"ErrorList":[{"To_Account":"zz","ErrorCode":70107}]"#
        ) { client in
            let statuses = try await client.onlineStatus(of: ["anna", "zz"], withDetail: true)
            let first = statuses.accounts.first
            return statuses.accounts.count == 1 && first?.id == "anna" && first?.status == .online
                && first?.platforms.map(\.name) == ["Web"] && first?.platforms.first?.status == .online
                && statuses.failures == ["zz": .accountNotImported]
        },
    ]
}
