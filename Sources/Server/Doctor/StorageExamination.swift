import Chat
import ChatProtocol
import Database
import DatabasePostgres
import DatabaseSQLite
import FoundationEssentials

/// What the storage is like, and whether the master key is its own.
enum StorageExamination {
    /// A WAL that is larger has not been moved into the database for long.
    private static let largestWAL = 512 << 20
    /// Connections that a node opens.
    private static let connectionsOfNode: Int64 = 11

    static func examine(directory path: String, _ masterKey: MasterKeySource) async -> [Finding] {
        guard let directory = try? DataDirectory(path, makeIfMissing: false),
            StorageLocation.directory(directory).mayHoldInstallation
        else {
            return [.ok(.database, "there is no installation in \(path) yet; the first start of the server makes it")]
        }
        let key = keyFinding(masterKey, directory)
        do throws(ChatError) {
            let database = try SQLiteDatabase(path: directory.database)
            var findings = await examine(database, key)
            await database.close()
            if let torn = database.tornLog {
                findings.append(
                    .warning(
                        .database,
                        torn,
                        "unless that is so, promote a replica, or run `rostrum restore --new-generation` before the server starts"
                    )
                )
            }
            if !database.hasChecksums {
                findings.append(
                    .warning(
                        .database,
                        "the pages of \(directory.database) have no checksums, and damage to them may go unnoticed",
                        "start the server where there is room for two copies of the file: it gives them checksums"
                    )
                )
            }
            findings += log(of: directory)
            return findings
        } catch {
            return [fault(error), key.finding]
        }
    }

    static func examine(database text: String, _ masterKey: MasterKeySource) async -> [Finding] {
        let key = keyFinding(masterKey, nil)
        do throws(ChatError) {
            var configuration = PostgresDatabase.Configuration()
            (configuration.lanes, configuration.freeWriters, configuration.readers) = (1, 1, 1)
            let database = try PostgresDatabase(try ConnectionString(text), configuration: configuration)
            var findings = await examine(database, key)
            findings += await server(of: database)
            await database.close()
            return findings
        } catch {
            return [
                .error(
                    .database,
                    StartError(error).description,
                    "see that PostgreSQL runs, that pg_hba.conf lets this machine in, and that user and database are right"
                ),
                key.finding,
            ]
        }
    }

    /// What both engines are asked.
    private static func examine(
        _ database: any Database,
        _ key: (finding: Finding, key: MasterKeys?)
    ) async -> [Finding] {
        do throws(ChatError) {
            guard let newest = try await database.newestMigration() else {
                return [
                    .ok(.database, "the storage is empty; the first start of a server makes its tables"), key.finding,
                ]
            }
            guard newest >= Schema.migrations.count else {
                return [
                    .warning(
                        .database,
                        "the storage has schema \(newest), and this program has \(Schema.migrations.count)",
                        "the next start of this version's server migrates it"
                    ),
                    key.finding,
                ]
            }
            try await database.demandSchema(Schema.migrations)
            let isSealed = try await database.read { tx throws(ChatError) in
                try StorageProperty.masterKeyCheck.value(in: tx) != nil
            }
            var findings: [Finding] = [
                .ok(.database, "the storage has the schema \(Schema.migrations.count) of this program")
            ]
            if let keys = key.key, isSealed {
                findings.append(try await examine(keys, key.finding, database))
            } else {
                findings.append(key.finding)
            }
            // What was met without keeping anybody from an answer.
            if let damage = database.damage.found { findings.append(fault(.internalFault(damage))) }
            return findings
        } catch {
            return [fault(error), key.finding]
        }
    }

    /// Whether the key is the one that the secrets were sealed under.
    private static func examine(
        _ keys: MasterKeys,
        _ finding: Finding,
        _ database: any Database
    ) async throws(ChatError) -> Finding {
        do throws(ChatError) {
            try await SecretBox(keys).verify(against: database)
            return finding
        } catch {
            guard (error.cause as? DatabaseError)?.kind != .corrupt else { throw error }
            return .error(
                .masterKey,
                StartError(error).description,
                "look for the key in the place where you keep copies"
            )
        }
    }

    private static func log(of directory: DataDirectory) -> [Finding] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: directory.database + "-wal")
        let bytes = (attributes?[.size] as? Int) ?? 0
        guard bytes > largestWAL else { return [] }
        return [
            .warning(
                .database,
                "\(directory.database)-wal has \(bytes >> 20) MiB",
                "something reads one old state for long, a copy or a shell of sqlite3: let it end"
            )
        ]
    }

    private static func server(of database: PostgresDatabase) async -> [Finding] {
        var findings: [Finding] = []
        if !database.server.isDurable {
            findings.append(
                .error(
                    .database,
                    "PostgreSQL runs with fsync off",
                    "set fsync = on: a loss of power loses what was promised"
                )
            )
        }
        if !database.server.hasChecksums {
            findings.append(
                .warning(
                    .database,
                    "PostgreSQL has no checksums of its pages, and damage to them may go unnoticed",
                    "stop it, and run `pg_checksums --enable`"
                )
            )
        }
        do throws(ChatError) {
            let before = Int64(Date.now.timeIntervalSince1970 * 1000)
            let state = try await database.state()
            findings.append(clock(difference: state.milliseconds - before))
            let left = state.maxConnections - state.connections
            findings.append(
                left < connectionsOfNode
                    ? .warning(
                        .database,
                        "\(state.connections) of \(state.maxConnections) connections are in use",
                        "raise max_connections: a node opens up to \(connectionsOfNode)"
                    )
                    : .ok(.database, "\(state.connections) of \(state.maxConnections) connections are in use")
            )
        } catch {
            findings.append(.error(.database, StartError(error).description, "look at PostgreSQL's log"))
        }
        return findings
    }

    /// - Parameter difference: milliseconds by which the database's clock is ahead.
    static func clock(difference: Int64) -> Finding {
        let text = "this clock and PostgreSQL's are \(abs(difference)) ms apart"
        let advice = "synchronize both by NTP: nodes' clocks may be two minutes apart, and should be seconds"
        if abs(difference) > 120_000 { return .error(.clock, text, advice) }
        if abs(difference) > 2000 { return .warning(.clock, text, advice) }
        return .ok(.clock, text)
    }

    private static func keyFinding(
        _ source: MasterKeySource,
        _ directory: DataDirectory?
    ) -> (finding: Finding, key: MasterKeys?) {
        do throws(MasterKey.Unusable) {
            switch source {
            case .text(let text):
                let key = try MasterKeys(hexadecimal: text, from: "ROSTRUM_MASTER_KEY")
                return (finding(key, "the environment holds the master key"), key)
            case .file(let path): return try key(inFile: path)
            case .dataDirectory:
                guard let directory else {
                    return (
                        .error(.masterKey, "no master key is named", "give the same --master-key-file to every node"),
                        nil
                    )
                }
                return try key(inFile: directory.masterKey)
            }
        } catch {
            return (.error(.masterKey, error.description, "put the key that the storage was made with there"), nil)
        }
    }

    private static func key(
        inFile path: String
    ) throws(MasterKey.Unusable) -> (finding: Finding, key: MasterKeys?) {
        let key = try MasterKeys(file: path, makeIfMissing: false, random: SystemRandomSource())
        return (finding(key, "only its owner can read \(path)"), key)
    }

    private static func finding(_ keys: MasterKeys, _ text: String) -> Finding {
        guard keys.older != nil else { return .ok(.masterKey, text) }
        return .warning(
            .masterKey,
            "there are a new master key and an old one: its change was not ended",
            "run `rostrum master-key rotate`; of a cluster, when every node has both"
        )
    }
}
