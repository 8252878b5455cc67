/// How a log record looks on its line.
package enum LogFormat: String, CaseIterable, Sendable {
    /// `2026-11-24T12:34:56.789Z info  message key=value key="quoted value"`, for people.
    case text
    /// One JSON object per line, for collectors.
    case json
}
