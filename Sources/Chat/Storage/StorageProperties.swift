package import ChatProtocol
package import Database

/// Facts about the installation itself, one row each.
package enum StorageProperty: String, Sendable {
    /// The number of the emulator's ready application; there only in a storage that the emulator began.
    case emulator
    /// How far the emulator's clock is ahead of the machine's, in seconds.
    case emulatorClockAdvance = "emulator_clock_advance"
    /// Which life of the storage this is; a restore gives it another.
    case generation
    /// Tells installations apart that share a bus.
    case installation
    /// A known text sealed under the master key, to tell at the start whether the key is the right one.
    case masterKeyCheck = "master_key_check"
    /// How far the move has come that made this storage from another; there only in a storage that was moved to.
    case move

    package func value(in tx: any Transaction) throws(ChatError) -> String? {
        try tx.row("SELECT value FROM storage_properties WHERE name = \(rawValue)")?.text(0)
    }

    package func set(_ value: String, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO storage_properties (name, value) VALUES (\(rawValue), \(value))
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """
        )
    }

    package func setIfMissing(_ value: String, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO storage_properties (name, value) VALUES (\(rawValue), \(value)) ON CONFLICT (name) DO NOTHING
            """
        )
    }
}
