/// What the features' SQL has to become for PostgreSQL: nothing, but for the words of definitions.
enum Dialect {
    /// Whether a statement is one of those that are kept prepared; definitions are not.
    static func isPrepared(_ statement: String) -> Bool {
        !statement.hasPrefix("CREATE") && !statement.hasPrefix("ALTER") && !statement.hasPrefix("DROP")
    }

    /// A definition written in SQLite's spelling, in PostgreSQL's.
    ///
    /// Text is compared and ordered by its bytes, as SQLite does; the words are those in capitals.
    static func definition(_ statement: String) -> String {
        guard statement.hasPrefix("CREATE TABLE") || statement.hasPrefix("ALTER TABLE") else { return statement }
        var translated = ""
        var word = ""
        func flush() {
            switch word {
            case "TEXT": translated += #"TEXT COLLATE "C""#
            case "BLOB": translated += "BYTEA"
            default: translated += word
            }
            word = ""
        }
        for character in statement {
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                flush()
                translated.append(character)
            }
        }
        flush()
        return translated
    }
}
