import Chat
import RostrumTesting
import Server
import Testing

/// What is said where a change of the master key cannot be begun.
@Suite struct MasterKeyRotationTests {
    @Test("of a cluster, a file with one key is said to be one whose change has ended or not begun")
    func oneKey() async throws {
        try await withOpenedStorage(on: .postgres) { location, storage in
            try await withTemporaryDirectory { directory in
                let path = "\(directory)/key"
                _ = try MasterKeys(file: path, random: SeededRandom())
                let operation = Operation(performer: "cli:alice", time: Timestamp(seconds: 0), random: SeededRandom())

                let error = await #expect(throws: StartError.self) {
                    try await MasterKeyRotation(storage, .file(path), of: location).run(by: operation)
                }

                #expect(error?.description.contains("has ended, and the old key is in \(path).before-TIME") == true)
                #expect(error?.description.contains("`rostrum master-key prepare`") == true)
            }
        }
    }
}
