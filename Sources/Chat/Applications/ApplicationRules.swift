package import ChatProtocol

/// What an application may be made of; whatever is not allowed is 70402 in words that say what is.
enum ApplicationRules {
    static func demandName(_ name: String) throws(ChatError) {
        try demand("name", name, bytes: 0...NewApplication.longestName)
    }

    static func demandKey(_ key: String) throws(ChatError) {
        try demand("key", key, bytes: 1...NewApplication.longestKey)
    }

    static func demandAllowed(_ change: ApplicationChange) throws(ChatError) {
        if let name = change.name { try demandName(name) }
        if let token = change.webhooks.token {
            try demand("webhook token", token, bytes: 0...WebhookSettings.longestToken)
        }
        for case (let name, let value?) in change.ownLimits { try name.demandAllowed(value) }
    }

    private static func demand(_ part: String, _ text: String, bytes allowed: ClosedRange<Int>) throws(ChatError) {
        guard !TextRule(bytes: allowed).allows(text) else { return }
        throw ChatError(
            .accountParameterInvalid,
            """
            An application's \(part) must be \(allowed.lowerBound) to \(allowed.upperBound) bytes long, without NUL; \
            this one has \(text.utf8.count).
            """
        )
    }
}

extension Limits.Name {
    /// - Throws: 70402 with the allowed values.
    package func demandAllowed(_ value: Int64) throws(ChatError) {
        guard !allowed.contains(value) else { return }
        throw ChatError(
            .accountParameterInvalid,
            "The limit \(rawValue) must be \(allowed.lowerBound) to \(allowed.upperBound); it is \(value)."
        )
    }
}
