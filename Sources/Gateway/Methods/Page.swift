import ChatProtocol

/// Which part of a list of channels a request asks for, and how it is answered.
struct Page {
    let offset: Int64
    let limit: Int64

    /// - Parameters:
    ///   - largest: the most that `Limit` may be.
    ///   - usual: the limit when none is given, or 0.
    init(_ parameters: Parameters, largest: Int64, usual: Int64) throws(JSONRPC.Refusal) {
        // Tencent's UI kit writes `count` and `offset`.
        let names = parameters.object["count"] == nil ? ("Limit", "Offset") : ("count", "offset")
        let given = try parameters.optionalInteger(names.0, 0...largest) ?? 0
        offset = try parameters.optionalInteger(names.1, 0...Int64.max) ?? 0
        limit = given == 0 ? usual : given
    }

    func result(_ items: [JSONObject], total: Int64) -> JSONObject {
        let (end, overflows) = offset.addingReportingOverflow(Int64(items.count))
        let isComplete = items.isEmpty || overflows || end >= total
        return [
            "OfficialAccountInfoList": .array(items.map(JSONValue.object)),
            "TotalCount": .integer(total),
            "CompleteFlag": .integer(isComplete ? 1 : 0),
            "Next": .integer(isComplete ? 0 : end),
        ]
    }
}
