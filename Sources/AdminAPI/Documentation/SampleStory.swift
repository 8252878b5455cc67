package import ChatProtocol

/// What the samples of the commands tell together: what has to be there before one, and what it answers then.
package enum SampleStory {
    /// The key of the broadcast that the samples name: that of the first one of an application, sent at ``start``.
    package static let key = "1_1_1767229200"
    /// When the story takes place, in seconds since 1970.
    package static let start: Int64 = 1_767_229_200

    /// The commands whose samples come before a command's, in this order; `107867` is there from the beginning.
    package static func before(_ command: String) -> [String] {
        let channel = ["create_official_account"]
        let audience = ["account_import", "create_official_account", "add_subscriber"]
        return switch command {
        case "destroy_official_account", "modify_official_account_base_info", "get_official_account_info",
            "send_official_account_msg":
            channel
        case "add_subscriber": ["account_import", "create_official_account"]
        case "delete_subscriber", "get_subscriber_info", "modify_subscriber_info",
            "get_subscribed_official_account_list":
            audience
        case "official_account_msg_recall", "official_account_msg_get_simple", "get_broadcast_receipt":
            channel + ["send_official_account_msg"]
        case "account_delete": ["account_import"]
        default: []
        }
    }

    /// The members beside the envelope that the sample is answered with; nil of a command that is not in the story.
    package static func reply(_ command: String) -> JSONObject? {
        guard let text = replies[command], case .object(let object)? = try? JSONValue(parsing: Array(text.utf8))
        else { return nil }
        return object
    }

    private static let replies = [
        "create_official_account": #"{"OfficialAccountUserID":"@TOA#_harbour_news"}"#,
        "destroy_official_account": #"{}"#,
        "modify_official_account_base_info": #"{}"#,
        "get_official_account_info": #"""
        {"OfficialAccountInfoList":[{"Official_Account":"@TOA#_harbour_news","ErrorCode":0,"ErrorInfo":"",
        "CreateTime":1767229200,"Name":"Harbour News","SubscriberNum":0}]}
        """#,
        "add_subscriber": #"""
        {"SubscriberList":[{"Subscriber_Account":"107867","Result":1},{"Subscriber_Account":"anna","Result":1}]}
        """#,
        "delete_subscriber": #"""
        {"SubscriberList":[{"Subscriber_Account":"107867","Result":1},{"Subscriber_Account":"anna","Result":1}]}
        """#,
        "get_subscriber_info": #"""
        {"Next":"","SubscriberNum":2,"SubscriberList":[{"Subscriber_Account":"107867",
        "SubscribeTime":1767229200,"CustomString":"","MsgFlag":"AcceptAndNotify","LastSendMsgTime":0},
        {"Subscriber_Account":"anna","SubscribeTime":1767229200,"CustomString":"","MsgFlag":"AcceptAndNotify",
        "LastSendMsgTime":0}]}
        """#,
        "modify_subscriber_info": #"{}"#,
        "get_subscribed_official_account_list": #"""
        {"OfficialAccountInfoList":[{"Official_Account":"@TOA#_harbour_news","ErrorCode":0,"ErrorInfo":"",
        "Name":"Harbour News","SelfInfo":{"SubscribeTime":1767229200}}],"TotalCount":1,"CompleteFlag":1,
        "Next":0}
        """#,
        "send_official_account_msg": #"{"MsgTime":1767229200,"MsgKey":"1_1_1767229200"}"#,
        "official_account_msg_recall": #"{"RecallRetList":[{"MsgKey":"1_1_1767229200","RetCode":0}]}"#,
        "official_account_msg_get_simple": #"""
        {"Official_Account":"@TOA#_harbour_news","IsFinished":1,"LastMsgKey":"1_1_1767229200",
        "RspMsgList":[{"From_Account":"@TOA#_harbour_news","IsPlaceMsg":0,"MsgSeq":1,"MsgKey":"1_1_1767229200",
        "MsgTimeStamp":1767229200,"MsgRandom":20260101,"MsgBody":[{"MsgType":"TIMTextElem",
        "MsgContent":{"Text":"Ferry 7 is delayed"}}],"CloudCustomData":"{\"topic\":\"ferry\"}"}]}
        """#,
        "account_import": #"{}"#,
        "multiaccount_import": #"{}"#,
        "account_delete": #"{"ResultItem":[{"UserID":"anna","ResultCode":0,"ResultInfo":""}]}"#,
        "account_check": #"""
        {"ResultItem":[{"UserID":"107867","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},
        {"UserID":"nobody","ResultCode":0,"ResultInfo":"","AccountStatus":"NotImported"}]}
        """#,
        "kick": #"{}"#,
        "query_online_status": #"{"QueryResult":[{"To_Account":"107867","Status":"Offline"}]}"#,
        "get_broadcast_receipt": #"""
        {"Official_Account":"@TOA#_harbour_news","MsgKey":"1_1_1767229200","MsgSeq":1,"MsgTime":1767229200,
        "OnlineNum":0,"WrittenNum":0,"LaggingNum":0,"ReadNum":0}
        """#,
    ]
}
