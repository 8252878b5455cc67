import FoundationEssentials

/// A reply of HTTP/1.1 as it came.
package struct HTTPReply: Sendable {
    package let status: Int
    /// In their order, names in small letters.
    package let headers: [(name: String, value: String)]
    package var body: [UInt8] = []

    /// - Parameter head: up to the empty line.
    package init(head: String) throws {
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        let words = lines.popFirst()?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw RawConnection.Failure.notHTTP(String(head.prefix(200)))
        }
        self.status = status
        headers = try lines.map { line in
            guard let colon = line.firstIndex(of: ":") else {
                throw RawConnection.Failure.notHTTP(String(line.prefix(200)))
            }
            let value = line[line.index(after: colon)...]
            return (line[..<colon].lowercased(), value.trimmingPrefix { $0 == " " }.description)
        }
    }

    /// The value of the first header of this name, which is given in small letters.
    package subscript(name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON.
    package func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(body))
    }
}
