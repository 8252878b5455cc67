import ChatProtocol
package import Database
import DatabaseSQLite
import FoundationEssentials
package import Logging

extension DataDirectory {
    /// Gives the pages of the database checksums, if a version before made it without; to be called by who has the lock.
    ///
    /// Where that does not succeed, for want of room say, the pages are as they were.
    ///
    /// - Parameters:
    ///   - masterKey: where the key comes from that the server is to start with. What it would refuse is not changed, for
    ///     the version that made it cannot write it any more afterwards.
    ///   - look: called before anything is changed; what it throws leaves the database as it is.
    /// - Throws: ``StartError`` when the database is damaged, or a server of this version with this key would not start on
    ///   it, ``SettingError`` when the key cannot be used, or what `look` throws.
    package func addChecksums(
        _ logger: Logger,
        masterKey: MasterKeySource = .dataDirectory,
        before look: (any Database) async throws -> Void = { _ in }
    ) async throws {
        guard FileManager.default.fileExists(atPath: database) else { return }
        do {
            let began = ContinuousClock.now
            guard try await lacksChecksums(logger, masterKey, look), try SQLiteDatabase.addChecksums(to: database)
            else { return }
            logger.notice(
                "the database's pages have checksums now",
                metadata: ["storage.path": .string(database), "duration.ms": "\((.now - began) / .milliseconds(1))"]
            )
        } catch let error as ChatError {
            guard (error.cause as? DatabaseError)?.kind != .corrupt else { throw StartError(error) }
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.warning("the database's pages get no checksums", metadata: ["error.cause": .string(cause)])
        }
    }

    /// - Parameter look: what is to be done with the database, if so.
    private func lacksChecksums(
        _ logger: Logger,
        _ masterKey: MasterKeySource,
        _ look: (any Database) async throws -> Void
    ) async throws -> Bool {
        let engine = try SQLiteDatabase(path: database)
        if let torn = engine.tornLog { logger.warning("\(torn)") }
        do {
            if !engine.hasChecksums {
                try await look(engine)
                try await OpenStorage.demandOpenable(engine, .directory(self), masterKey)
            }
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
        return !engine.hasChecksums
    }
}
