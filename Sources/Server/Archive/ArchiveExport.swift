import Chat
package import ChatProtocol
import Database
import Synchronization

/// Writes an application to a file.
///
/// All of it is of one moment: it is read in one transaction. An export that was stopped has left `FILE.partial`, and beside
/// it a mark of its moment. It can be gone on with if the application was off then, is off now, and the mark says that it
/// was not changed in between.
package struct ArchiveExport {
    package struct Summary: Sendable, Equatable, Encodable {
        package let file: String
        package let lines: Int
        /// Lines that an export which was stopped had written.
        package let resumedAfter: Int
    }

    /// What of a draft can be gone on with: its whole lines.
    private struct Beginning {
        var position = ArchivePosition()
        var bytes = 0
        /// Nil as long as nothing is written that is of any moment.
        var application: ArchivedApplication?
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
        let mark = MarkFile(of: file.draft)
        let lines = try await export.write(to: file, after: beginning, mark)
        try file.finish()
        mark.remove()
        return Summary(file: path, lines: lines, resumedAfter: beginning.position.lines)
    }

    private func beginning(of file: NewFile) throws -> Beginning {
        var lines = LineReader(try StoredFile(file.draft))
        var reader = ArchiveReader()
        var beginning = Beginning()
        do {
            while let line = try lines.next(), line.last == UInt8(ascii: "\n") {
                let understood = try reader.read(Array(line.dropLast()))
                if case .application(let application) = understood { beginning.application = application }
                (beginning.position, beginning.bytes) = (reader.position, lines.offset)
            }
        } catch let fault as ArchiveFault {
            throw StartError("\(file.draft) is no beginning of an export, \(fault); remove it")
        }
        if let header = reader.header, header != export.header {
            throw StartError(
                "\(file.draft) is the beginning of another export, of application \(header.application); remove it"
            )
        }
        return beginning
    }

    private func write(to file: NewFile, after beginning: Beginning, _ mark: MarkFile) async throws(StartError) -> Int {
        let output = Output(file)
        let (export, report) = (export, report)
        do throws(ChatError) {
            try await database.read { tx throws(ChatError) in
                if let application = beginning.application {
                    try Self.demandUnchanged(application, of: export, mark, file.draft, in: tx)
                }
                // The transaction may be begun again, when its connection was lost.
                try output.begin(bytes: beginning.bytes, lines: Int64(beginning.position.lines))
                if beginning.application == nil {
                    // Before anything that is of this moment.
                    let current = try ArchiveMark.current(of: export.header.application, in: tx)
                    do throws(StartError) { try mark.write(current) } catch { throw .internalFault(error) }
                }
                let all = try export.expectedLines(in: tx)
                try export.write(after: beginning.position, in: tx) { line throws(ChatError) in
                    let written = try output.append(line)
                    if written.isMultiple(of: 500) { report(written, all) }
                }
            }
        } catch {
            throw StartError(error)
        }
        let written = output.lines
        report(written, written)
        return Int(written)
    }

    /// Refuses to go on where what follows would be of another moment.
    private static func demandUnchanged(
        _ application: ArchivedApplication,
        of export: ApplicationExport,
        _ mark: MarkFile,
        _ draft: String,
        in tx: any Transaction
    ) throws(ChatError) {
        guard let obstacle = try export.obstacle(toGoingOnFrom: application, mark.read(), in: tx) else { return }
        throw .internalFault(
            StartError(
                """
                \(draft) is the beginning of an export that was stopped, and application \(export.header.application) \
                \(obstacle): remove the file and begin anew
                """
            )
        )
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
