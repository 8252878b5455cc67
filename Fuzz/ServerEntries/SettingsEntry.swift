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
            let inFile = await Judgement(flags: [:], file: path)
            if case .refused(let error) = inFile {
                try demand(!error.explanation.isEmpty, "the refusal of \(error.name) does not say why")
                // Of what is no YAML.
                if error.name == "config" { return }
            }
            guard let flags = flags(bytes.text) else { return }
            let onCommandLine = await Judgement(flags: flags, file: nil)
            try demand(
                inFile.parts == onCommandLine.parts,
                "in the file: \(inFile), on the command line: \(onCommandLine)"
            )
        }
    )

    /// What becomes of settings.
    private enum Judgement {
        case taken(ServeSettings)
        case refused(SettingError)

        init(flags: [String: [String]], file: String?) async {
            do throws(SettingError) {
                self = .taken(try await ServeSettings(flags: flags, environment: [:], file: file))
            } catch {
                self = .refused(error)
            }
        }

        /// What can be compared: the values, or the setting that is refused.
        var parts: [String] {
            switch self {
            case .taken(let settings): settings.parts
            case .refused(let error): [error.name]
            }
        }
    }

    /// The file's settings as the command line gives them; nil when it cannot give them.
    private static func flags(_ text: String) -> [String: [String]]? {
        guard let mapping = try? Yams.compose(yaml: text)?.mapping else { return nil }
        var flags: [String: [String]] = [:]
        for (key, value) in mapping {
            guard let name = key.string, ServeSettings.names.contains(name) else { return nil }
            if let text = value.scalar?.string {
                flags[name] = [text]
            } else if let texts = value.sequence?.map({ $0.scalar?.string }), ServeSettings.lists.contains(name) {
                guard !texts.contains(nil) else { return nil }
                flags[name] = texts.compactMap(\.self)
            } else {
                return nil
            }
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
            "\(logFormat) \(logLevel) \(addressLimits) \(httpPort ?? -1) \(strictTransportSeconds ?? -1)",
        ]
    }
}
