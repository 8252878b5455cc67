import ChatProtocol
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
    ///   - lists: those of them that may have several values.
    init(
        flags: [String: [String]],
        environment: [String: String],
        file: String?,
        known: [String],
        lists: [String]
    ) async throws(SettingError) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (name, given) in flags {
            let content: ConfigContent = given.count == 1 ? .string(given[0]) : .stringArray(given)
            values[AbsoluteConfigKey([name])] = ConfigValue(content, isSecret: false)
        }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: values),
            // A variable that is set to nothing is how a shell says that it is not set.
            EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty }).prefixKeys(
                with: "rostrum"
            ),
        ]
        if let file, let provider = try await Self.provider(file, known: known, lists: lists) {
            providers.append(provider)
        }
        reader = ConfigReader(providers: providers)
    }

    /// Nil when the file says nothing.
    private static func provider(
        _ file: String,
        known: [String],
        lists: [String]
    ) async throws(SettingError) -> (any ConfigProvider)? {
        guard let contents = FileManager.default.contents(atPath: file) else {
            throw SettingError("config", "\(file) cannot be read")
        }
        do {
            guard let document = try Yams.compose(yaml: String(decoding: contents, as: UTF8.self)),
                document.null == nil
            else { return nil }
            guard let settings = document.mapping else {
                throw SettingError("config", "\(file) must hold settings, each a line NAME: VALUE")
            }
            for (key, value) in settings {
                let name = key.string ?? ""
                guard known.contains(name) else {
                    throw SettingError(name, "no such setting in \(file); there are \(known.joined(separator: ", "))")
                }
                let isList = value.sequence?.allSatisfy { $0.scalar != nil } ?? false
                guard value.scalar != nil || (isList && lists.contains(name)) else {
                    throw SettingError(name, "must be \(lists.contains(name) ? "a list" : "one value") in \(file)")
                }
            }
            return try await FileProvider<YAMLSnapshot>(filePath: FilePath(file))
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

    /// Whether a setting of several values stands anywhere, be it without a value.
    func isGiven(_ name: String) -> Bool {
        let key = ConfigKey([name])
        return reader.stringArray(forKey: key) != nil || reader.string(forKey: key) != nil
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
        try value(name, allowed: "a port from 0 (any free one) to 65535") { UInt16(digits: $0).map(Int.init) }
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
