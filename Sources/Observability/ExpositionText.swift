/// Builds the Prometheus text format 0.0.4, line by line.
struct ExpositionText {
    private(set) var value = ""

    /// Writes `# HELP`, if there is any, and `# TYPE`.
    mutating func header(name: String, kind: MetricKind, help: String?) {
        if let help { value += "# HELP \(name) \(Self.escaped(help, quote: false))\n" }
        value += "# TYPE \(name) \(kind.rawValue)\n"
    }

    /// Writes a line that Prometheus skips; `text` must be a single line.
    mutating func comment(_ text: String) {
        value += "# \(text)\n"
    }

    mutating func sample(_ name: String, labels: String, value number: Double) {
        sample(name, labels: labels, text: Self.number(number))
    }

    mutating func sample(_ name: String, labels: String, value number: UInt64) {
        sample(name, labels: labels, text: String(number))
    }

    private mutating func sample(_ name: String, labels: String, text: String) {
        value += name
        if !labels.isEmpty {
            value += "{"
            value += labels
            value += "}"
        }
        value += " "
        value += text
        value += "\n"
    }

    /// `number` as Go's `ParseFloat` reads it; whole numbers without a fraction.
    static func number(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        // 2^53: beyond it the digits of an integer would claim a precision that is not there.
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 { return String(whole) }
        return number.description
    }

    /// Escapes backslash and newline, and for label values the quote.
    static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
