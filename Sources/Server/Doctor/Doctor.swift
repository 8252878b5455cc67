package import FoundationEssentials

/// Looks at everything that `rostrum serve` with the same settings would stand on, and changes nothing of what is there.
package enum Doctor {
    /// - Parameters:
    ///   - flags: settings by name, as given on the command line.
    ///   - file: the YAML file, nil when there is none.
    ///   - now: by which certificates are judged.
    /// - Returns: at least one finding about the settings, and those about whatever they name.
    package static func examine(
        flags: [String: [String]],
        environment: [String: String],
        file: String?,
        now: Date = .now
    ) async -> [Finding] {
        let settings: ServeSettings
        do throws(SettingError) {
            settings = try await ServeSettings(flags: flags, environment: environment, file: file)
        } catch {
            return [.error(.settings, "the setting \(error)", "correct it; the rest is not looked at until then")]
        }
        var findings: [Finding] = [.ok(.settings, "every setting is one that is allowed")]
        findings.append(MachineExamination.clock())
        switch settings.storage {
        case .directory(let path):
            findings.append(MachineExamination.openFiles(ofServerIn: path))
            findings += DiskExamination.examine(path)
            findings += await StorageExamination.examine(directory: path, settings.masterKey)
        case .cluster(let database, let bus):
            findings.append(MachineExamination.openFiles(ofServerIn: nil))
            findings += await StorageExamination.examine(database: database, settings.masterKey)
            findings.append(BusExamination.examine(bus))
        }
        if let tls = settings.tls { findings.append(CertificateExamination.examine(tls, now: now)) }
        return findings
    }
}
