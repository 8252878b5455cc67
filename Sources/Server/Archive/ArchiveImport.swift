package import Chat
import ChatProtocol
import Database

/// Reads an application from a file that ``ArchiveExport`` wrote.
///
/// The whole file is judged before a storage is needed. What was written when an import is stopped stays, and the next one
/// of the same file goes on behind it.
package struct ArchiveImport {
    package enum Stage: String, Sendable {
        case checking, importing
    }

    package struct Summary: Sendable, Equatable, Encodable {
        package let application: Int64
        /// Lines that stand for a thing the application has many of.
        package let added: Int
        package let present: Int
        /// Lines that an import which was stopped was done with.
        package let resumedAfter: Int
        /// Whether the application was made without a key in the file, and so has a new one.
        package let madeKey: Bool
    }

    private static let mostFaults = 20

    private let file: StoredFile
    private let header: ArchiveHeader
    private let report: (Stage, _ bytes: Int, _ all: Int) async throws -> Void

    private init(
        _ file: StoredFile,
        _ header: ArchiveHeader,
        report: @escaping (Stage, _ bytes: Int, _ all: Int) async throws -> Void
    ) {
        (self.file, self.header, self.report) = (file, header, report)
    }

    /// Judges every line of a file.
    ///
    /// - Parameter report: told how far it is, now and while it is imported; what it throws stops it where it is.
    /// - Throws: ``StartError``, which names the lines that are wrong.
    package static func judged(
        _ path: String,
        report: @escaping (Stage, _ bytes: Int, _ all: Int) async throws -> Void = { _, _, _ in }
    ) async throws -> ArchiveImport {
        let file = try StoredFile(path)
        var lines = LineReader(file)
        var reader = ArchiveReader()
        var faults: [ArchiveFault] = []
        while let line = try lines.next(), faults.count < mostFaults {
            do throws(ArchiveFault) {
                _ = try reader.read(content(of: line))
            } catch {
                faults.append(error)
                // Without it nothing of what follows can be judged.
                guard reader.header != nil else { break }
            }
            if reader.position.lines.isMultiple(of: 1000) { try await report(.checking, lines.offset, file.size) }
        }
        if faults.isEmpty {
            do throws(ArchiveFault) { try reader.finish() } catch { faults.append(error) }
        }
        guard faults.isEmpty, let header = reader.header else {
            throw StartError(
                "\(path) cannot be imported, and nothing was:\n" + faults.map { "  \($0)" }.joined(separator: "\n")
            )
        }
        return ArchiveImport(file, header, report: report)
    }

    /// Imports the file.
    ///
    /// - Parameter rowsInBatch: how many rows are in one transaction.
    /// - Throws: ``StartError``, which names the line where there is one.
    package func write(
        into storage: OpenStorage,
        by operation: Operation,
        rowsInBatch: Int = 200
    ) async throws -> Summary {
        let target = ApplicationImport(
            header.application,
            database: storage.database,
            secrets: storage.secrets,
            random: storage.random
        )
        do {
            return try await write(to: target, by: operation, rowsInBatch: rowsInBatch)
        } catch let error as ChatError {
            if let fault = error.cause as? ArchiveFault { throw StartError("\(file.path), \(fault)") }
            throw StartError(error)
        } catch let fault as ArchiveFault {
            throw StartError("\(file.path), \(fault)")
        }
    }

    private func write(to target: ApplicationImport, by operation: Operation, rowsInBatch: Int) async throws -> Summary
    {
        var doneBefore = 0
        if let record = try await target.record(), try file.begins(as: record) { doneBefore = record.lines }
        var writing = Writing(target: target, by: operation, rowsInBatch: rowsInBatch, doneBefore: doneBefore)
        var lines = LineReader(file)
        var reader = ArchiveReader()
        // Once more in full: it may have been changed since it was judged.
        while let line = try lines.next() {
            let understood = try reader.read(Self.content(of: line))
            guard reader.header == header else { throw StartError("\(file.path) was changed while it was imported") }
            if try await writing.take(understood, line, upTo: lines.offset) {
                try await report(.importing, lines.offset, file.size)
            }
        }
        try reader.finish()
        return Summary(
            application: header.application.rawValue,
            added: writing.added,
            present: writing.present,
            resumedAfter: doneBefore,
            madeKey: writing.madeKey
        )
    }

    /// A file without a newline at its end is as whole as one with it.
    private static func content(of line: [UInt8]) -> [UInt8] {
        line.last == UInt8(ascii: "\n") ? Array(line.dropLast()) : line
    }
}
