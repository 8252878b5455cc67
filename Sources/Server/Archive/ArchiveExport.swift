import Chat
package import ChatProtocol
import Database
import Synchronization

/// Writes an application to a file.
///
/// All of it is of one moment: it is read in one transaction. An export that was stopped has left `FILE.partial`; it can be
/// gone on with as long as the application is off, for then nothing has changed since.
package struct ArchiveExport {
    package struct Summary: Sendable, Equatable, Encodable {
        package let file: String
        package let lines: Int
        /// Lines that an export which was stopped had written.
        package let resumedAfter: Int
    }

    private let export: ApplicationExport
    private let database: any Database
    private let report: @Sendable (_ lines: Int64, _ all: Int64) -> Void

    /// - Parameters:
    ///   - withSecrets: whether keys, the webhook token and the webhook secret are in it, readable.
    ///   - report: told how many of about how many lines are written.
    /// - Throws: ``StartError``; there is no file `path` then.
    package static func run(
        _ application: SDKAppID,
        of storage: OpenStorage,
        to path: String,
        withSecrets: Bool,
        report: @escaping @Sendable (_ lines: Int64, _ all: Int64) -> Void = { _, _ in }
    ) async throws -> Summary {
        let header = ArchiveHeader(application: application, hasSecrets: withSecrets)
        let export = ArchiveExport(
            export: ApplicationExport(header, secrets: storage.secrets),
            database: storage.database,
            report: report
        )
        let file = try NewFile(path, keepingDraft: true)
        let beginning = try export.beginning(of: file)
        if beginning.position.lines > 0 { try await export.demandUnchanged(file.draft) }
        let lines = try await export.write(to: file, after: beginning.position, bytes: beginning.bytes)
        try file.finish()
        return Summary(file: path, lines: lines, resumedAfter: beginning.position.lines)
    }

    /// What of the draft can be gone on with: its whole lines.
    private func beginning(of file: NewFile) throws -> (position: ArchivePosition, bytes: Int) {
        var lines = LineReader(try StoredFile(file.draft))
        var reader = ArchiveReader()
        var (position, bytes) = (reader.position, 0)
        do {
            while let line = try lines.next(), line.last == UInt8(ascii: "\n") {
                _ = try reader.read(Array(line.dropLast()))
                (position, bytes) = (reader.position, lines.offset)
            }
        } catch let fault as ArchiveFault {
            throw StartError("\(file.draft) is no beginning of an export, \(fault); remove it")
        }
        if let header = reader.header, header != export.header {
            throw StartError(
                "\(file.draft) is the beginning of another export, of application \(header.application); remove it"
            )
        }
        return (position, bytes)
    }

    private func demandUnchanged(_ draft: String) async throws {
        let export = export
        let isEnabled = try await refusing { () async throws(ChatError) in
            try await database.read { tx throws(ChatError) in try export.application(in: tx).isEnabled }
        }
        guard !isEnabled else {
            throw StartError(
                """
                \(draft) is the beginning of an export that was stopped, and application \(export.header.application) \
                answers calls, so that it may have changed since: remove the file and begin anew
                """
            )
        }
    }

    private func write(to file: NewFile, after position: ArchivePosition, bytes: Int) async throws -> Int {
        let output = Output(file)
        let (export, report) = (export, report)
        try await refusing { () async throws(ChatError) in
            try await database.read { tx throws(ChatError) in
                // The transaction may be begun again, when its connection was lost.
                try output.begin(bytes: bytes, lines: Int64(position.lines))
                let all = try export.expectedLines(in: tx)
                try export.write(after: position, in: tx) { line throws(ChatError) in
                    let written = try output.append(line)
                    if written.isMultiple(of: 500) { report(written, all) }
                }
            }
        }
        let written = output.lines
        report(written, written)
        return Int(written)
    }

    private func refusing<Value>(_ body: () async throws(ChatError) -> Value) async throws(StartError) -> Value {
        do throws(ChatError) { return try await body() } catch { throw StartError(error) }
    }

    /// The file, written by the thread of the transaction.
    private final class Output: Sendable {
        private let file: NewFile
        private let count = Mutex<Int64>(0)

        init(_ file: NewFile) {
            self.file = file
        }

        var lines: Int64 { count.withLock { $0 } }

        func begin(bytes: Int, lines: Int64) throws(ChatError) {
            count.withLock { $0 = lines }
            do throws(StartError) { try file.truncate(to: bytes) } catch { throw .internalFault(error) }
        }

        /// - Returns: how many lines there are.
        func append(_ line: JSONObject) throws(ChatError) -> Int64 {
            do throws(StartError) {
                try file.append(line.json + [UInt8(ascii: "\n")])
            } catch {
                throw .internalFault(error)
            }
            return count.withLock { count in
                count += 1
                return count
            }
        }
    }
}
