import ChatProtocol

extension Entry {
    /// A text that is to be JSON.
    static let json = Entry("json") { bytes throws(Objection) in
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            return try demand((0...bytes.count).contains(error.offset), "the fault stands at \(error.offset)")
        }
        var text: [UInt8] = []
        value.write(to: &text)
        try demand(text.count <= 6 * bytes.count, "a text of \(bytes.count) bytes became one of \(text.count)")
        try demand((try? JSONValue(parsing: text)) == value, "what was written is read as something else")
        let indented = Array(value.indentedText.utf8)
        try demand((try? JSONValue(parsing: indented)) == value, "what was indented is read as something else")
        try judge(numbersIn: value)
    }

    private static func judge(numbersIn value: JSONValue) throws(Objection) {
        switch value {
        case .null, .bool, .string: break
        case .number(let number):
            guard let integer = number.int64 else { return }
            let double = try demand(number.double, "\(number.text) is whole and no double")
            try demand(double == Double(integer), "\(number.text) is taken for \(integer)")
        case .array(let items): for item in items { try judge(numbersIn: item) }
        case .object(let object): for member in object.members { try judge(numbersIn: member.value) }
        }
    }

    /// What stands behind the `?` of a call.
    static let query = Entry("query") { bytes throws(Objection) in
        let parameters: URLParameters
        do throws(ChatError) {
            parameters = try URLParameters(query: bytes.text[...])
        } catch {
            return try demand([.httpParsingFailed, .badURLParameter].contains(error.code), "refused with \(error)")
        }
        let pairs = [
            ("sdkappid", parameters.sdkAppID), ("identifier", parameters.identifier), ("usersig", parameters.userSig),
            ("random", parameters.random), ("contenttype", parameters.contentType), ("platform", parameters.platform),
        ].compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }
        for query in [pairs.joined(separator: "&"), pairs.reversed().joined(separator: "&other&")] {
            try demand((try? URLParameters(query: query[...])) == parameters, "\(query) is read as something else")
        }
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { "%\($0 < 16 ? "0" : "")\(String($0, radix: 16))" }.joined()
    }
}
