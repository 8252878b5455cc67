import Chat
import ChatProtocol

/// The methods that answer with a page of something.
extension Methods {
    func info(_ parameters: Parameters, _ call: Call) async throws(JSONRPC.Refusal) -> [UInt8] {
        let channels = try parameters.channels("OfficialAccountIdList", atMost: Self.mostItems)
        guard channels.isEmpty else {
            let items = try await inTurn { () throws(ChatError) in
                try await systems.subscribers.items(channels, for: call)
            }
            return JSONObject([.init(name: "OfficialAccountInfoList", value: .array(items.map(JSONValue.object)))]).json
        }
        let page = try Page(parameters, largest: Self.mostOwnItems, usual: Self.mostOwnItems)
        let own = try await inTurn { () throws(ChatError) in
            try await systems.subscribers.ownItems(offset: page.offset, limit: page.limit, for: call)
        }
        return page.result(own.items, total: own.total).json
    }

    func list(_ parameters: Parameters, _ call: Call) async throws(JSONRPC.Refusal) -> [UInt8] {
        let page = try Page(
            parameters,
            largest: Self.largestPage,
            usual: Self.usualPage,
            largestOffset: Self.largestOffset
        )
        if let last = try parameters.optionalText("After") {
            guard page.offset == 0 else {
                throw JSONRPC.Refusal(.invalidParams, "Offset and After say both where the page begins; give one.")
            }
            let channel = try Parameters.channel(.string(last), "After")
            let found = try await inTurn { () throws(ChatError) in
                try await systems.channels.list(after: channel, limit: page.limit, for: call)
            }
            return Page.result(found.items, total: found.total, isComplete: !found.hasMore).json
        }
        let found = try await inTurn { () throws(ChatError) in
            try await systems.channels.list(offset: page.offset, limit: page.limit, for: call)
        }
        return page.result(found.items, total: found.total).json
    }

    func history(_ parameters: Parameters, _ call: Call) async throws(JSONRPC.Refusal) -> [UInt8] {
        let channel = try parameters.channel()
        var last: MessageKey?
        if let text = try parameters.optionalText("LastMsgKey") {
            guard let key = MessageKey(rawValue: text) else {
                throw JSONRPC.Refusal(.invalidParams, "LastMsgKey must be a message's key, as in 71_1_1767229200.")
            }
            last = key
        }
        let number = try parameters.optionalInteger("ReqMsgNumber", 0...Int64(UInt32.max)) ?? 0
        let withRecalled = try parameters.optionalInteger("WithRecalledMsg", 0...1) == 1
        let page = try await inTurn { [last] () throws(ChatError) in
            try await systems.broadcasts.ownHistory(
                of: channel,
                before: last,
                number: number == 0 ? Int64(Broadcasts.largestPage) : number,
                withRecalled: withRecalled,
                for: call
            )
        }
        return page.reply(of: channel).json
    }
}
