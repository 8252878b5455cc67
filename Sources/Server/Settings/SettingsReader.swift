import Configuration
import FoundationEssentials
import SystemPackage
import Yams

/// Reads settings from where they may stand: a flag first, then the environment, then the file.
///
/// A setting has one name everywhere: the flag `--data-dir` is `data-dir` in the file and `ROSTRUM_DATA_DIR` in the
/// environment. A name in the file that is no setting is refused, because a setting that is misspelt and ignored is
/// found out too late.
struct SettingsReader {
    private let reader: ConfigReader

    /// - Parameters:
    ///   - flags: what the command line gave, by name; several values stand apart.
    ///   - known: the name of every setting that a file may hold.
    init(
        flags: [String: [String]],
        environment: [String: String],
        file: String?,
        known: [String]
    ) async throws(SettingError) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (name, given) in flags {
            let content: ConfigContent = given.count == 1 ? .string(given[0]) : .stringArray(given)
            values[AbsoluteConfigKey([name])] = ConfigValue(content, isSecret: false)
        }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: values),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "rostrum"),
        ]
        if let file { providers.append(try await Self.provider(file, known: known)) }
        reader = ConfigReader(providers: providers)
    }

    private static func provider(_ file: String, known: [String]) async throws(SettingError) -> any ConfigProvider {
        do {
            let provider = try await FileProvider<YAMLSnapshot>(filePath: FilePath(file))
            let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
            for name in try Yams.compose(yaml: text)?.mapping?.keys.compactMap(\.string) ?? []
            where !known.contains(name) {
                throw SettingError(name, "no such setting in \(file); there are \(known.joined(separator: ", "))")
            }
            return provider
        } catch let error as SettingError {
            throw error
        } catch {
            throw SettingError("config", "\(file) cannot be read as YAML: \(error)")
        }
    }

    func text(_ name: String, secret: Bool = false) -> String? {
        reader.string(forKey: ConfigKey([name]), isSecret: secret)
    }

    /// - Parameter allowed: in words, for whoever gave something else.
    func value<Value>(
        _ name: String,
        allowed: String,
        secret: Bool = false,
        read: (String) -> Value?
    ) throws(SettingError) -> Value? {
        guard let text = text(name, secret: secret) else { return nil }
        guard let value = read(text) else {
            throw SettingError(name, secret ? "must be \(allowed)" : "must be \(allowed); it is \"\(text)\"")
        }
        return value
    }

    /// A setting of several values: a list in the file, separated by commas elsewhere.
    func list<Value>(
        _ name: String,
        allowed: String,
        read: (String) -> Value?
    ) throws(SettingError) -> [Value] {
        let key = ConfigKey([name])
        let given = reader.stringArray(forKey: key) ?? reader.string(forKey: key).map { [$0] } ?? []
        var values: [Value] = []
        for text in given.flatMap({ $0.split(separator: ",") }).map({ $0.trimmingSpaces }) {
            guard let value = read(text) else {
                throw SettingError(name, "must be \(allowed); it has \"\(text)\"")
            }
            values.append(value)
        }
        return values
    }

    func port(_ name: String) throws(SettingError) -> Int? {
        try value(name, allowed: "a port from 0 (any free one) to 65535") { UInt16($0).map(Int.init) }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
