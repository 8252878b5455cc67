import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
package import Logging

extension DataDirectory {
    /// Gives the pages of the database checksums, if a version before made it without; to be called by who has the lock.
    ///
    /// Where that does not succeed, for want of room say, the database is as it was.
    ///
    /// - Throws: when the database is damaged.
    package func addChecksums(_ logger: Logger) throws(StartError) {
        guard FileManager.default.fileExists(atPath: database) else { return }
        do throws(ChatError) {
            let began = ContinuousClock.now
            guard try SQLiteDatabase.addChecksums(to: database) else { return }
            logger.notice(
                "the database's pages have checksums now",
                metadata: ["storage.path": .string(database), "duration.ms": "\((.now - began) / .milliseconds(1))"]
            )
        } catch {
            guard (error.cause as? DatabaseError)?.kind != .corrupt else { throw StartError(error) }
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.warning("the database's pages get no checksums", metadata: ["error.cause": .string(cause)])
        }
    }
}
