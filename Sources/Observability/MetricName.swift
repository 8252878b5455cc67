/// The rules of the Prometheus data model for names.
enum MetricName {
    /// `label` as a metric name, `[a-zA-Z_:][a-zA-Z0-9_:]*`, with `suffix` unless it ends so already.
    static func sanitized(_ label: String, endingIn suffix: String = "") -> String {
        let name = sanitized(label, colons: true)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// `name` as a label name, `[a-zA-Z_][a-zA-Z0-9_]*`, without the two leading underscores Prometheus keeps for itself.
    static func sanitizedLabel(_ name: String) -> String {
        let name = sanitized(name, colons: false)
        return name.hasPrefix("__") ? "_" + name.drop { $0 == "_" } : name
    }

    private static func sanitized(_ text: String, colons: Bool) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count + 8)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "0"..."9":
                if result.isEmpty { result.append(UInt8(ascii: "_")) }
                result.append(UInt8(ascii: scalar))
            case "a"..."z", "A"..."Z", "_": result.append(UInt8(ascii: scalar))
            case ":" where colons: result.append(UInt8(ascii: ":"))
            default: result.append(UInt8(ascii: "_"))
            }
        }
        return result.isEmpty ? "_" : String(decoding: result, as: UTF8.self)
    }
}

/// The dimensions of a series as Prometheus writes them, in the order of their names.
struct LabelSet {
    /// `name="value"` pairs, separated by commas.
    let rendered: String
    private let names: [String]

    /// The same names, each with the value `other`.
    var overflow: String { names.map { $0 + "=\"other\"" }.joined(separator: ",") }

    /// Sorts, sanitises and escapes `dimensions`; of two with the same name the later counts.
    ///
    /// - Parameter reservingBound: renames `le`, which is what a histogram calls its bounds.
    init(_ dimensions: [(String, String)], reservingBound: Bool) {
        guard !dimensions.isEmpty else {
            (rendered, names) = ("", [])
            return
        }
        var pairs: [(name: String, value: String)] = []
        for (label, value) in dimensions {
            let label = MetricName.sanitizedLabel(label)
            let name = reservingBound && label == "le" ? "exported_le" : label
            pairs.removeAll { $0.name == name }
            pairs.append((name, value))
        }
        pairs.sort { $0.name < $1.name }
        names = pairs.map(\.name)
        rendered = pairs.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        return ExpositionText.escaped(value, quote: true)
    }
}
