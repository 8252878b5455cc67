/// Reads what stands in the lines of a block: code, links, pictures, emphasis.
struct InlineParser {
    private let text: [Character]
    private var next: Int
    private let end: Int
    private var inlines: [Inline] = []
    private var plain = ""

    private init(_ text: [Character], _ range: Range<Int>) {
        (self.text, next, end) = (text, range.lowerBound, range.upperBound)
    }

    static func inlines(of text: some StringProtocol) -> [Inline] {
        let characters = Array(text)
        return inlines(of: characters, 0..<characters.count)
    }

    private static func inlines(of text: [Character], _ range: Range<Int>) -> [Inline] {
        var parser = InlineParser(text, range)
        return parser.parse()
    }

    private mutating func parse() -> [Inline] {
        while next < end {
            let character = text[next]
            let isRead =
                switch character {
                case "\\": escaped()
                case "`": code()
                case "[": link()
                case "!": image()
                case "<": address()
                case "*", "_": emphasis(character)
                default: false
                }
            if !isRead {
                // A run of marks that open nothing is text as a whole: its rest opens nothing either.
                let isMark = "`*_".contains(character)
                repeat {
                    plain.append(text[next])
                    next += 1
                } while isMark && next < end && text[next] == character
            }
        }
        finishText()
        return inlines
    }

    private mutating func finishText() {
        if !plain.isEmpty { inlines.append(.text(plain)) }
        plain = ""
    }

    private mutating func append(_ inline: Inline, upTo position: Int) {
        finishText()
        inlines.append(inline)
        next = position
    }

    private mutating func escaped() -> Bool {
        guard next + 1 < end, text[next + 1].isASCII, text[next + 1].isPunctuation || text[next + 1].isSymbol
        else { return false }
        plain.append(text[next + 1])
        next += 2
        return true
    }

    // MARK: Code

    private mutating func code() -> Bool {
        guard let span = codeSpan(at: next) else { return false }
        var content = String(text[span.content]).replacing("\n", with: " ")
        if content.hasPrefix(" "), content.hasSuffix(" "), content.contains(where: { $0 != " " }) {
            content = String(content.dropFirst().dropLast())
        }
        append(.code(content), upTo: span.end)
        return true
    }

    /// The code that begins with the run of backticks at a position; nil when the run has no other of its length.
    private func codeSpan(at position: Int) -> (content: Range<Int>, end: Int)? {
        let count = run(of: "`", at: position)
        let start = position + count
        var candidate = start
        while candidate < end {
            let length = run(of: "`", at: candidate)
            if length == count { return (start..<candidate, candidate + count) }
            candidate += max(1, length)
        }
        return nil
    }

    private func run(of mark: Character, at position: Int) -> Int {
        text[position..<end].prefix { $0 == mark }.count
    }

    // MARK: Links

    private mutating func link() -> Bool {
        guard let (label, target, after) = bracket(at: next) else { return false }
        append(.link(to: target, Self.inlines(of: text, label)), upTo: after)
        return true
    }

    /// `![words](target)`.
    private mutating func image() -> Bool {
        guard next + 1 < end, text[next + 1] == "[", let (label, target, after) = bracket(at: next + 1)
        else { return false }
        append(.image(at: target, Self.inlines(of: text, label).plainText), upTo: after)
        return true
    }

    /// `<https://…>`.
    private mutating func address() -> Bool {
        guard let close = text[next..<end].firstIndex(of: ">") else { return false }
        let target = String(text[next + 1..<close])
        guard target.hasPrefix("https://") || target.hasPrefix("http://"), !target.contains(where: \.isWhitespace)
        else { return false }
        append(.link(to: target, [.text(target)]), upTo: close + 1)
        return true
    }

    /// `[label](target)`.
    private func bracket(at position: Int) -> (label: Range<Int>, target: String, end: Int)? {
        guard let close = closing("[", "]", at: position), close + 1 < end, text[close + 1] == "(",
            let after = closing("(", ")", at: close + 1)
        else { return nil }
        let target = String(text[close + 2..<after])
        guard !target.contains(where: \.isWhitespace) else { return nil }
        return (position + 1..<close, target, after + 1)
    }

    /// Where the bracket is closed that stands at a position; what is in code does not count.
    private func closing(_ open: Character, _ close: Character, at position: Int) -> Int? {
        var depth = 0
        var place = position
        while place < end {
            switch text[place] {
            case "\\": place += 1
            case "`":
                if let span = codeSpan(at: place) { place = span.end - 1 }
            case open: depth += 1
            case close:
                depth -= 1
                if depth == 0 { return place }
            default: break
            }
            place += 1
        }
        return nil
    }

    // MARK: Emphasis

    private mutating func emphasis(_ mark: Character) -> Bool {
        let count = min(run(of: mark, at: next), 2)
        guard run(of: mark, at: next) <= 2, opens(mark, at: next, count),
            let close = closingRun(of: mark, count, after: next + count)
        else { return false }
        let inner = Self.inlines(of: text, next + count..<close)
        append(count == 2 ? .strong(inner) : .emphasis(inner), upTo: close + count)
        return true
    }

    private func closingRun(of mark: Character, _ count: Int, after start: Int) -> Int? {
        var place = start
        while place < end {
            switch text[place] {
            case "\\": place += 1
            case "`":
                if let span = codeSpan(at: place) { place = span.end - 1 }
            case mark:
                let length = run(of: mark, at: place)
                if length == count, closes(mark, at: place, count) { return place }
                place += length - 1
            default: break
            }
            place += 1
        }
        return nil
    }

    private func opens(_ mark: Character, at position: Int, _ count: Int) -> Bool {
        let (before, after) = neighbours(of: position, count)
        guard flanks(outside: before, inside: after) else { return false }
        return mark == "*" || before.isSpaceOrPunctuation
    }

    private func closes(_ mark: Character, at position: Int, _ count: Int) -> Bool {
        let (before, after) = neighbours(of: position, count)
        guard flanks(outside: after, inside: before) else { return false }
        return mark == "*" || after.isSpaceOrPunctuation
    }

    private func neighbours(of position: Int, _ count: Int) -> (before: Character, after: Character) {
        (
            position > 0 ? text[position - 1] : " ",
            position + count < text.count ? text[position + count] : " "
        )
    }

    private func flanks(outside: Character, inside: Character) -> Bool {
        guard !inside.isWhitespace else { return false }
        return !inside.isPunctuation && !inside.isSymbol || outside.isSpaceOrPunctuation
    }
}

extension Character {
    fileprivate var isSpaceOrPunctuation: Bool { isWhitespace || isPunctuation || isSymbol }
}
