import ChatProtocol

/// Which part of a list of channels a request asks for, and how it is answered.
struct Page {
    let offset: Int64
    let limit: Int64

    /// - Parameters:
    ///   - largest: the most that `Limit` may be.
    ///   - usual: the limit when none is given, or 0.
    ///   - largestOffset: the most that `Offset` may be.
    init(
        _ parameters: Parameters,
        largest: Int64,
        usual: Int64,
        largestOffset: Int64 = .max
    ) throws(JSONRPC.Refusal) {
        // Tencent's UI kit writes `count` and `offset`.
        let names = parameters.object["count"] == nil ? ("Limit", "Offset") : ("count", "offset")
        let given = try parameters.optionalInteger(names.0, 0...largest) ?? 0
        offset = try parameters.optionalInteger(names.1, 0...largestOffset) ?? 0
        limit = given == 0 ? usual : given
    }

    /// A page that begins at the offset.
    func result(_ items: [JSONObject], total: Int64) -> JSONObject {
        let (end, overflows) = offset.addingReportingOverflow(Int64(items.count))
        let isComplete = items.isEmpty || overflows || end >= total
        let page = Self.result(items, total: total, isComplete: isComplete)
        return JSONObject(page.members + [.init(name: "Next", value: .integer(isComplete ? 0 : end))])
    }

    /// A page that begins after a channel; how far into the list that is nobody has counted.
    static func result(_ items: [JSONObject], total: Int64, isComplete: Bool) -> JSONObject {
        [
            "OfficialAccountInfoList": .array(items.map(JSONValue.object)),
            "TotalCount": .integer(total),
            "CompleteFlag": .integer(isComplete ? 1 : 0),
        ]
    }
}
