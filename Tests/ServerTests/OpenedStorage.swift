import Chat
import Database
import RostrumTesting
import Server

/// Hands `body` a new storage of an engine as a server opens it; closed and removed afterwards.
func withOpenedStorage<Value>(
    on engine: StorageEngine,
    _ body: (StorageLocation, OpenStorage) async throws -> Value
) async throws -> Value {
    func open(_ location: StorageLocation) async throws -> Value {
        let storage = try await OpenStorage.open(location, masterKey: .text(MovableInstallation.masterKey))
        do {
            let value = try await body(location, storage)
            await storage.close()
            return value
        } catch {
            await storage.close()
            throw error
        }
    }
    switch engine {
    case .sqlite:
        return try await withTemporaryDirectory { path in
            try await open(.directory(try DataDirectory(path, makeIfMissing: false)))
        }
    case .postgres:
        return try await engine.withStorage { storage in try await open(.server(storage.location)) }
    }
}
