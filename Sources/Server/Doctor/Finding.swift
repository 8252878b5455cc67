/// What the doctor found out about one thing.
package struct Finding: Sendable, Equatable, Encodable {
    package enum Subject: String, Sendable, Encodable, CaseIterable {
        case settings, clock, disk, fsync, limits, database, bus
        case masterKey = "master-key"
        case tls
    }

    package enum Level: String, Sendable, Encodable {
        case ok
        /// It works, and may not tomorrow.
        case warning
        /// The server does not start, or loses what it should keep.
        case error
    }

    package let subject: Subject
    package let level: Level
    /// What is so.
    package let text: String
    /// What to do about it; nil when nothing is to be done.
    package let advice: String?

    static func ok(_ subject: Subject, _ text: String) -> Finding {
        Finding(subject: subject, level: .ok, text: text, advice: nil)
    }

    static func warning(_ subject: Subject, _ text: String, _ advice: String) -> Finding {
        Finding(subject: subject, level: .warning, text: text, advice: advice)
    }

    static func error(_ subject: Subject, _ text: String, _ advice: String) -> Finding {
        Finding(subject: subject, level: .error, text: text, advice: advice)
    }
}
