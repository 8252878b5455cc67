import ChatProtocol
import FoundationEssentials
import FuzzEntries
import Server
import Yams

extension Entry {
    /// The file of settings that `rostrum serve` reads.
    static let settings = Entry(
        "settings",
        waiting: { bytes async throws(Objection) in
            let path = "\(FileManager.default.temporaryDirectory.path)/rostrum-fuzz-\(UUID().uuidString).yaml"
            defer { try? FileManager.default.removeItem(atPath: path) }
            guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
                throw Objection("cannot write \(path)")
            }
            let inFile: ServeSettings
            do throws(SettingError) {
                inFile = try await ServeSettings(flags: [:], environment: [:], file: path)
            } catch {
                return try demand(!error.explanation.isEmpty, "the refusal of \(error.name) does not say why")
            }
            guard let flags = flags(bytes.text) else { return }
            let asFlags: ServeSettings
            do throws(SettingError) {
                asFlags = try await ServeSettings(flags: flags, environment: [:], file: nil)
            } catch {
                throw Objection("what the file may say the command line may not: \(error)")
            }
            try demand(asFlags.parts == inFile.parts, "in the file it is \(inFile), on the command line \(asFlags)")
        }
    )

    /// The file's settings as the command line gives them; nil when one of them is no text.
    private static func flags(_ text: String) -> [String: [String]]? {
        guard let mapping = try? Yams.compose(yaml: text)?.mapping else { return nil }
        var flags: [String: [String]] = [:]
        for (key, value) in mapping {
            guard let name = key.string else { return nil }
            flags[name] = value.sequence?.compactMap { $0.scalar?.string } ?? value.scalar.map { [$0.string] }
        }
        return flags
    }
}

extension ServeSettings {
    /// What can be compared, with the roles in an order.
    fileprivate var parts: [String] {
        [
            "\(host) \(port) \(adminHost) \(adminPort) \(storage) \(masterKey) \(String(describing: tls))",
            roles.map(\.rawValue).sorted().joined(separator: ","), "\(trustedProxies) \(webhookAllow) \(console)",
            "\(logFormat) \(logLevel) \(addressLimits)",
        ]
    }
}
