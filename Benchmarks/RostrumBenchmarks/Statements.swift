import ArgumentParser
import Chat
import ChatProtocol
import Database
import FoundationEssentials
import Server

/// Runs SQL statements in a data directory: a JSON array of them in a line of standard input, in one transaction.
///
/// Nothing but Rostrum itself may write to its file, whose pages have checksums.
struct Statements: AsyncParsableCommand {
    @Option var dataDir: String

    func run() async throws {
        let statements = try JSONDecoder().decode([String].self, from: Data((readLine() ?? "[]").utf8))
        let storage = try await OpenStorage.open(.directory(try DataDirectory(dataDir, makeIfMissing: false)))
        do {
            try await storage.database.write { tx throws(ChatError) in
                for statement in statements { try tx.execute(SQL(stringLiteral: statement)) }
            }
        } catch {
            await storage.close()
            throw error
        }
        await storage.close()
    }
}
