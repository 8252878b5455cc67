import Testing

extension Browser {
    /// The mark that a page's form has, by where the form goes; nil where it has none.
    func edition(on page: String, of action: String) async throws -> String? {
        let text = try await get(page).text
        let start = try #require(text.firstRange(of: "action=\"\(action)\""), "no form goes to \(action)")
        let form = text[start.upperBound...].split(separator: "</form>")[0]
        return form.firstMatch(of: /name="_edition" value="([0-9a-f]+)"/).map { String($0.output.1) }
    }

    /// Opens a page and sends one of its forms.
    ///
    /// - Parameter action: where the form goes; nil for where the page is.
    func submit(_ page: String, to action: String? = nil, _ fields: [String: String]) async throws -> Reply {
        let action = action ?? page
        let edition = try await edition(on: page, of: action)
        return try await post(action, fields, more: edition.map { ["_edition": $0] } ?? [:])
    }
}
