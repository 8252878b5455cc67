package import Chat
import ChatProtocol
import Database

/// Reads an application from a file that ``ArchiveExport`` wrote.
///
/// The whole file is judged before anything is written. What was written when an import is stopped stays, and the next one
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

    /// Every line of the file that is wrong, as far as they were looked for.
    package struct Faults: Error, CustomStringConvertible {
        package static let most = 20

        package let file: String
        package let faults: [ArchiveFault]

        package var description: String {
            "\(file) cannot be imported, and nothing was:\n" + faults.map { "  \($0)" }.joined(separator: "\n")
        }
    }

    private let file: StoredFile
    private let storage: OpenStorage
    private let operation: Operation
    private let rowsInBatch: Int
    private let report: (Stage, _ bytes: Int, _ all: Int) async throws -> Void

    /// - Parameters:
    ///   - rowsInBatch: how many rows are in one transaction.
    ///   - report: told how far it is; what it throws stops the import where it is.
    /// - Throws: ``StartError``, which names the line where there is one.
    package static func run(
        _ path: String,
        into storage: OpenStorage,
        by operation: Operation,
        rowsInBatch: Int = 200,
        report: @escaping (Stage, _ bytes: Int, _ all: Int) async throws -> Void = { _, _, _ in }
    ) async throws -> Summary {
        let file = try StoredFile(path)
        let run = ArchiveImport(
            file: file,
            storage: storage,
            operation: operation,
            rowsInBatch: rowsInBatch,
            report: report
        )
        do {
            let (application, doneBefore) = try await run.check()
            return try await run.write(application, doneBefore)
        } catch let error as ChatError {
            if let fault = error.cause as? ArchiveFault { throw StartError("\(path), \(fault)") }
            throw StartError(error)
        } catch let fault as ArchiveFault {
            throw StartError("\(path), \(fault)")
        } catch let faults as Faults {
            throw StartError(faults.description)
        }
    }

    /// Judges every line.
    ///
    /// - Returns: whose file it is, and how many lines of it an import was done with that was stopped.
    private func check() async throws -> (SDKAppID, doneBefore: Int) {
        var lines = LineReader(file)
        var reader = ArchiveReader()
        var passed = PassedLines()
        var earlier: ImportRecord?
        var doneBefore = 0
        var faults: [ArchiveFault] = []
        while let line = try lines.next(), faults.count < Faults.most {
            do throws(ArchiveFault) {
                _ = try reader.read(Self.content(of: line))
            } catch {
                faults.append(error)
                // Without it nothing of what follows can be judged.
                guard reader.header != nil else { break }
            }
            if passed.count == 0, let header = reader.header { earlier = try await target(header.application).record() }
            passed.pass(line, upTo: lines.offset)
            if let earlier, earlier.lines == passed.count, earlier == passed.record { doneBefore = earlier.lines }
            if passed.count.isMultiple(of: 1000) { try await report(.checking, lines.offset, file.size) }
        }
        if faults.isEmpty {
            do throws(ArchiveFault) { try reader.finish() } catch { faults.append(error) }
        }
        guard faults.isEmpty, let header = reader.header else { throw Faults(file: file.path, faults: faults) }
        return (header.application, doneBefore)
    }

    private func write(_ application: SDKAppID, _ doneBefore: Int) async throws -> Summary {
        var writing = Writing(
            target: target(application),
            by: operation,
            rowsInBatch: rowsInBatch,
            doneBefore: doneBefore
        )
        var lines = LineReader(file)
        var reader = ArchiveReader()
        while let line = try lines.next() {
            let understood = try reader.read(Self.content(of: line))
            if try await writing.take(understood, line, upTo: lines.offset) {
                try await report(.importing, lines.offset, file.size)
            }
        }
        return Summary(
            application: application.rawValue,
            added: writing.added,
            present: writing.present,
            resumedAfter: doneBefore,
            madeKey: writing.madeKey
        )
    }

    private func target(_ application: SDKAppID) -> ApplicationImport {
        ApplicationImport(application, database: storage.database, secrets: storage.secrets, random: storage.random)
    }

    /// A file without a newline at its end is as whole as one with it.
    private static func content(of line: [UInt8]) -> [UInt8] {
        line.last == UInt8(ascii: "\n") ? Array(line.dropLast()) : line
    }
}
