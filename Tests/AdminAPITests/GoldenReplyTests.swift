import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The exact fields of every reply, members sorted: a field that comes or goes fails here.
@Suite struct GoldenReplyTests {
    private static let profile =
        #""Name":"Harbour News","Owner_Account":"anna","Introduction":"Tides","FaceUrl":"https://a/b","#
        + #""Organization":"Port","CustomString":"{\"a\":1}""#

    /// Command, body, payload; in this order on one installation.
    static let replies: [(command: String, body: String, payload: String)] = [
        ("account_import", #"{"UserID":"anna","Nick":"A","FaceUrl":"https://a/b"}"#, "{}"),
        ("account_import", #"{"Identifier":"bella"}"#, "{}"),
        ("multiaccount_import", #"{"Accounts":["carl","dora"]}"#, "{}"),
        (
            "multiaccount_import", #"{"AccountList":[{"UserID":"carl","Nick":"C"},{"UserID":"@TOA#_x"}]}"#,
            #"{"FailAccounts":["@TOA#_x"]}"#
        ),
        (
            "account_check", #"{"CheckItem":[{"UserID":"anna"},{"UserID":"nobody"}]}"#,
            #"{"ResultItem":[{"AccountStatus":"Imported","ResultCode":0,"ResultInfo":"","UserID":"anna"},"#
                + #"{"AccountStatus":"NotImported","ResultCode":0,"ResultInfo":"","UserID":"nobody"}]}"#
        ),
        (
            "query_online_status", #"{"To_Account":["anna","bella"]}"#,
            #"{"QueryResult":[{"Status":"Online","To_Account":"anna"},{"Status":"Offline","To_Account":"bella"}]}"#
        ),
        (
            "query_online_status",
            #"{"To_Account":["anna","nobody"],"IsNeedDetail":1,"IsReturnInstid":1,"IsReturnCustomStatus":1}"#,
            #"{"ErrorList":[{"ErrorCode":70107,"To_Account":"nobody"}],"#
                + #""QueryResult":[{"Detail":[{"Instid":7,"Platform":"Web","Status":"Online"}],"Status":"Online","#
                + #""To_Account":"anna"}]}"#
        ),
        ("kick", #"{"UserID":"bella"}"#, "{}"),
        (
            "create_official_account", #"{"OfficialAccountUserID":"@TOA#_news","MaxSubscriberNum":5,\#(profile)}"#,
            #"{"OfficialAccountUserID":"@TOA#_news"}"#
        ),
        (
            "get_official_account_info",
            #"{"OfficialAccountIdList":[{"Official_Account":"@TOA#_news"},{"Official_Account":"@TOA#_none"}]}"#,
            #"{"OfficialAccountInfoList":[{"CreateTime":1767225600,"CustomString":"{\"a\":1}","ErrorCode":0,"#
                + #""ErrorInfo":"","FaceUrl":"https://a/b","Introduction":"Tides","LastMsgTime":0,"#
                + #""Name":"Harbour News","Official_Account":"@TOA#_news","Organization":"Port","#
                + #""Owner_Account":"anna","SubscriberNum":0},{"ErrorCode":130004,"#
                + #""ErrorInfo":"There is no official channel @TOA#_none.","Official_Account":"@TOA#_none"}]}"#
        ),
        (
            "get_official_account_info",
            #"{"OfficialAccountIdList":[{"Official_Account":"@TOA#_news"}],"#
                + #""ResponseFilter":{"OfficialAccountBaseInfoFilter":["Name","LastMsgTime"]}}"#,
            #"{"OfficialAccountInfoList":[{"ErrorCode":0,"ErrorInfo":"","LastMsgTime":0,"Name":"Harbour News","#
                + #""Official_Account":"@TOA#_news"}]}"#
        ),
        ("modify_official_account_base_info", #"{"OfficialAccount":"@TOA#_news","Name":"Bulletin"}"#, "{}"),
        (
            "add_subscriber",
            #"{"Official_Account":"@TOA#_news","SubscriberList":[{"Subscriber_Account":"anna"},"#
                + #"{"Subscriber_Account":"nobody"}]}"#,
            #"{"SubscriberList":[{"Result":1,"Subscriber_Account":"anna"},{"Result":0,"Subscriber_Account":"nobody"}]}"#
        ),
        (
            "modify_subscriber_info",
            #"{"Official_Account":"@TOA#_news","Subscriber_Account":"anna","CustomString":"vip"}"#, "{}"
        ),
        (
            "get_subscriber_info", #"{"Official_Account":"@TOA#_news","Next":""}"#,
            #"{"Next":"","SubscriberList":[{"CustomString":"vip","LastSendMsgTime":0,"MsgFlag":"AcceptAndNotify","#
                + #""SubscribeTime":1767225600,"Subscriber_Account":"anna"}],"SubscriberNum":1}"#
        ),
        (
            "get_subscribed_official_account_list",
            #"{"Subscriber_Account":"anna","ResponseFilter":{"OfficialAccountBaseInfoFilter":["Name"]}}"#,
            #"{"CompleteFlag":1,"Next":0,"OfficialAccountInfoList":[{"ErrorCode":0,"ErrorInfo":"","Name":"Bulletin","#
                + #""Official_Account":"@TOA#_news","SelfInfo":{"CustomString":"vip","SubscribeTime":1767225600}}],"#
                + #""TotalCount":1}"#
        ),
        (
            "get_subscribed_official_account_list", #"{"Subscriber_Account":"anna"}"#,
            #"{"CompleteFlag":1,"Next":0,"OfficialAccountInfoList":[{"CreateTime":1767225600,"#
                + #""CustomString":"{\"a\":1}","ErrorCode":0,"ErrorInfo":"","FaceUrl":"https://a/b","#
                + #""Introduction":"Tides","LastMsgTime":0,"Name":"Bulletin","Official_Account":"@TOA#_news","#
                + #""Organization":"Port","Owner_Account":"anna","SelfInfo":{"CustomString":"vip","#
                + #""SubscribeTime":1767225600},"SubscriberNum":1}],"TotalCount":1}"#
        ),
        (
            "send_official_account_msg",
            #"{"Official_Account":"@TOA#_news","Random":7,"CloudCustomData":"c","#
                + #""MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}"#,
            #"{"MsgKey":"1_1_1767225600","MsgTime":1767225600}"#
        ),
        (
            "official_account_msg_get_simple", #"{"Official_Account":"@TOA#_news"}"#,
            #"{"IsFinished":1,"LastMsgKey":"1_1_1767225600","Official_Account":"@TOA#_news","RspMsgList":["#
                + #"{"CloudCustomData":"c","From_Account":"@TOA#_news","IsPlaceMsg":0,"MsgBody":["#
                + #"{"MsgContent":{"Text":"x"},"MsgType":"TIMTextElem"}],"MsgKey":"1_1_1767225600","MsgRandom":7,"#
                + #""MsgSeq":1,"MsgTimeStamp":1767225600}]}"#
        ),
        (
            "get_broadcast_receipt", #"{"Official_Account":"@TOA#_news","MsgKey":"1_1_1767225600"}"#,
            #"{"LaggingNum":1,"LastWriteMs":12,"MsgKey":"1_1_1767225600","MsgSeq":1,"MsgTime":1767225600,"#
                + #""Official_Account":"@TOA#_news","OnlineNum":4,"ReadNum":0,"WrittenNum":3}"#
        ),
        (
            "official_account_msg_recall",
            #"{"Official_Account":"@TOA#_news","MsgKeyList":["1_1_1767225600","x","","\u0000"]}"#,
            #"{"RecallRetList":[{"MsgKey":"1_1_1767225600","RetCode":0},{"MsgKey":"x","RetCode":10030},"#
                + #"{"MsgKey":"","RetCode":10030},{"MsgKey":"\u0000","RetCode":10030}]}"#
        ),
        (
            "delete_subscriber", #"{"Official_Account":"@TOA#_news","SubscriberToDel_Account":["anna","nobody"]}"#,
            #"{"SubscriberList":[{"Result":1,"Subscriber_Account":"anna"},{"Result":2,"Subscriber_Account":"nobody"}]}"#
        ),
        ("destroy_official_account", #"{"Official_Account":"@TOA#_news"}"#, "{}"),
        (
            "account_delete", #"{"DeleteItem":[{"UserID":"bella"},{"UserID":"nobody"}]}"#,
            #"{"ResultItem":[{"ResultCode":0,"ResultInfo":"","UserID":"bella"},{"ResultCode":70107,"#
                + #""ResultInfo":"Err_TLS_PT_Open_Login_Account_Not_Exist","UserID":"nobody"}]}"#
        ),
    ]

    @Test("every reply has exactly these fields")
    func replies() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            api.installation.presence.set([PresentSession(platform: .web, instance: 7)], of: UserID("anna"))
            for (command, body, payload) in Self.replies {
                let reply = try await api.call(command, body)
                #expect(reply.code == .ok, "\(command): \(reply.info)")
                #expect(JSONValue.object(reply.payload).canonicalText == payload, "\(command)")
                if command == "send_official_account_msg" { try await api.installation.reportDelivery() }
            }
            #expect(Set(Self.replies.map(\.command)) == api.catalogue.names)
        }
    }

    @Test("a channel's made ID has the documented form and 12 letters or digits")
    func generatedID() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let body = #"{"Owner_Account":"administrator","Name":"N","OfficialAccountUserID":"","MaxSubscriberNum":0}"#

            let reply = try await api.call("create_official_account", body)

            #expect(reply.payload.members.map(\.name) == ["OfficialAccountUserID"])
            let id = try #require(reply["OfficialAccountUserID"]?.text)
            #expect(id.wholeMatch(of: /@TOA#_@TOA#[0-9A-Za-z]{12}/) != nil)
        }
    }

    @Test("the envelope is these four fields in this order, before the command's own")
    func envelope() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let success = try await api.call("account_check", #"{"CheckItem":[{"UserID":"a/b"}]}"#)
            let empty = try await api.call("account_import", #"{"UserID":"anna"}"#)
            let refused = try await api.call("account_import", #"{"UserID":7}"#)

            let names = ["ActionStatus", "ErrorCode", "ErrorInfo", "RequestId"]
            #expect(success.object.members.map(\.name) == names + ["ResultItem"])
            #expect(empty.object.members.map(\.name) == names)
            #expect(refused.object.members.map(\.name) == names)
            #expect(String(decoding: success.bytes, as: UTF8.self).contains(#""UserID":"a/b""#))
        }
    }
}

extension TestInstallation {
    /// Reports that the first broadcast of `@TOA#_news` went to three of four connections.
    fileprivate func reportDelivery() async throws {
        let channel = try await channels.find([.news], of: application(), at: clock.now)[0]
        let delivery = BroadcastDelivery(
            reference: try #require(channel).reference(of: .example),
            seq: 1,
            online: 4,
            written: 3,
            lagging: 1,
            lastWriteMilliseconds: 12
        )
        try await receipts.add([delivery])
    }
}
