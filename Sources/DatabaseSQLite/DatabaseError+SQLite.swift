import Database
import FoundationEssentials
import GRDB

extension EngineError {
    /// What SQLite or GRDB threw, in an operator's words; the bound values stay out of it.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as EngineError:
            self = error
        case let error as GRDB.DatabaseError:
            self.init(error.extendedResultCode, message: error.message, path: path)
        case let error as CocoaError where error.code == .fileReadNoSuchFile:
            // GRDB looks at the log beside the file, which another opener's close may just have removed.
            self.init(.busy, "\(path): another process is closing the file")
        default:
            self.init(.unavailable, "\(path): \(error)")
        }
    }

    /// What SQLite reported.
    ///
    /// - Parameter code: primary or extended.
    init(_ code: ResultCode, message: String?, path: String) {
        let (kind, hint) = Self.meaning(of: code)
        self.init(kind, "\(path): \(hint) [SQLite: \(message ?? "no message") (\(code.rawValue))]")
    }

    private static func meaning(of code: ResultCode) -> (Kind, String) {
        switch code {
        case .SQLITE_IOERR_DATA, .SQLITE_IOERR_CORRUPTFS:
            (.corrupt, "the file is damaged; stop the server and restore the database from a backup")
        default: meaning(ofPrimary: code.primaryResultCode)
        }
    }

    private static func meaning(ofPrimary code: ResultCode) -> (Kind, String) {
        switch code {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            (.busy, "another process holds the file's lock; try again when it has finished")
        case .SQLITE_CONSTRAINT:
            (.constraint, "a constraint refused the statement")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            (.corrupt, "the file is damaged or no Rostrum database; restore it from a backup")
        case .SQLITE_FULL:
            (.full, "the disk is full; make room, then retry")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            (.readOnly, "the file cannot be written; check its owner, its mode and the mount")
        case .SQLITE_CANTOPEN:
            (.unavailable, "the file cannot be opened; check that its directory exists and may be written")
        case .SQLITE_IOERR:
            (.unavailable, "reading or writing the file failed; check the disk")
        case .SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_SCHEMA, .SQLITE_RANGE, .SQLITE_MISMATCH, .SQLITE_TOOBIG:
            (.statement, "the statement was not accepted")
        default:
            (.unavailable, "SQLite reported a failure")
        }
    }
}
