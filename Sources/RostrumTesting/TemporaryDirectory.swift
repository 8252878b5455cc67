import FoundationEssentials

/// Hands `body` the path of an empty directory and removes it with all that is in it afterwards.
package func withTemporaryDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let directory = "\(FileManager.default.temporaryDirectory.path)/rostrum-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

/// Writes a file.
///
/// - Returns: its path.
@discardableResult
package func writeFile(_ path: String, _ text: String) throws -> String {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
}
