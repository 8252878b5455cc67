import ChatProtocol

extension WireObject {
    /// Reads the four fields that every reply has (spec/conventions.md section 3).
    ///
    /// - Returns: nil for a success.
    func refusal() throws(WireFault) -> Refusal? {
        let code = try integer("ErrorCode")
        guard code != 0 else { return nil }
        return Refusal(
            code: ErrorCode(rawValue: Int(clamping: code)),
            info: try text("ErrorInfo", or: ""),
            requestID: try optionalText("RequestId")
        )
    }
}
