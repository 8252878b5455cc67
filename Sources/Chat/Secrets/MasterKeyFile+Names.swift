import FoundationEssentials

/// The files that are made beside a key file.
extension MasterKeyFile {
    private static let keptSuffix = ".before-"
    private static let draftSuffix = ".new"

    /// The names for a key that is taken out of the file at that moment, in the order in which they are tried.
    static func keptNames(of path: String, at moment: Timestamp) -> some Sequence<String> {
        let time = Date(timeIntervalSince1970: Double(moment.seconds)).formatted(.iso8601)
            .filter { !"-:".contains($0) }
        return (1...100).lazy.map { "\(path)\(keptSuffix)\(time)\($0 == 1 ? "" : "-\($0)")" }
    }

    /// What a file is called until it is whole; one command at a time writes it.
    static func draft(of path: String) -> String { path + draftSuffix }

    /// The draft of the first key, which several processes may make at once.
    static func firstDraft(of path: String, _ random: any RandomSource) -> String {
        "\(draft(of: path))-\(random.hex(bytes: 8))"
    }

    /// Whether a file of that name has a key that was taken out of the key file.
    static func isKept(_ name: String, of key: String) -> Bool { name.hasPrefix(key + keptSuffix) }

    /// Whether a file of that name is a draft, which whoever was killed left.
    static func isDraft(_ name: String, of key: String) -> Bool {
        guard name.hasPrefix(draft(of: key)) else { return false }
        let rest = name.dropFirst(draft(of: key).count)
        return rest.isEmpty || (rest.first == "-" && rest.count == 17 && rest.dropFirst().allSatisfy(\.isHexDigit))
    }

    /// Whether a file of that name is beside the key file on its behalf.
    package static func isCompanion(_ name: String, of key: String) -> Bool {
        isKept(name, of: key) || isDraft(name, of: key)
    }
}
