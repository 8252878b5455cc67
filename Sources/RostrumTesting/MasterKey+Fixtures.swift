package import Chat

extension MasterKey {
    /// The master key of every ``TestInstallation``.
    package static let example = MasterKey.repeating("0f")
    /// Another installation's.
    package static let other = MasterKey.repeating("e1")

    private static func repeating(_ byte: String) -> MasterKey {
        do {
            return try MasterKey(hexadecimal: String(repeating: byte, count: 32), from: "a fixture")
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
