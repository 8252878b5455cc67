import Glibc
package import Logging

/// Writes each log record as one line to standard error or elsewhere; errors at once, others soon.
///
/// Messages and metadata may hold outside input: what could end the line, end a value, start another key or steer a
/// terminal is escaped in both formats, so a record can never look like two. Metadata comes from the logger, its
/// provider and the record; on equal keys the later counts. Keys are sorted.
package struct StreamLog: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let output: LogOutput
    private let millisecondsSinceEpoch: @Sendable () -> Int64

    /// Creates a handler; `label` appears in JSON only.
    package init(
        label: String,
        format: LogFormat,
        level: Logger.Level = .info,
        metadataProvider: Logger.MetadataProvider? = nil,
        output: LogOutput = .standardError,
        millisecondsSinceEpoch: @escaping @Sendable () -> Int64 = StreamLog.systemTime
    ) {
        (self.label, self.format, self.output) = (label, format, output)
        (logLevel, self.metadataProvider) = (level, metadataProvider)
        self.millisecondsSinceEpoch = millisecondsSinceEpoch
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes `event`, whatever its level: the logger has compared it already.
    package func log(event: LogEvent) {
        let metadata = merged(event)
        let fields = metadata.isEmpty ? [] : metadata.sorted { $0.key < $1.key }
        var line = LogLine()
        switch format {
        case .text:
            line.text(
                at: millisecondsSinceEpoch(),
                level: event.level.rawValue,
                message: event.message.description,
                fields: fields
            )
        case .json:
            line.json(
                at: millisecondsSinceEpoch(),
                level: event.level.rawValue,
                message: event.message.description,
                label: label,
                fields: fields
            )
        }
        output.write(line.bytes, isUrgent: event.level >= .error)
    }

    private func merged(_ event: LogEvent) -> Logger.Metadata {
        var result = metadata
        if let metadataProvider { Self.merge(metadataProvider.get(), into: &result) }
        if let explicit = event.metadata { Self.merge(explicit, into: &result) }
        if let error = event.error {
            result["error.message"] = .string(String(describing: error))
            result["error.type"] = .string(String(reflecting: type(of: error)))
        }
        return result
    }

    private static func merge(_ later: Logger.Metadata, into earlier: inout Logger.Metadata) {
        if earlier.isEmpty {
            earlier = later
        } else if !later.isEmpty {
            earlier.merge(later) { $1 }
        }
    }

    /// The wall clock.
    @Sendable package static func systemTime() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
