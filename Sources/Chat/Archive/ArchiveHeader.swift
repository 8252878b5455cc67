package import ChatProtocol

/// The first line of an archive: what it is, and whose.
package struct ArchiveHeader: Sendable, Equatable {
    /// What the first line calls the format.
    package static let format = "rostrum-application"
    /// Of the lines that this program writes, and the only one that it reads.
    package static let version: Int64 = 1

    package let application: SDKAppID
    /// Whether keys, the webhook token and the webhook secret are in it.
    package let hasSecrets: Bool

    package init(application: SDKAppID, hasSecrets: Bool) {
        (self.application, self.hasSecrets) = (application, hasSecrets)
    }

    var json: JSONObject {
        [
            "Kind": .string("Header"), "Format": .string(Self.format), "Version": .integer(Self.version),
            "SDKAppID": .integer(application.rawValue), "Secrets": .bool(hasSecrets),
        ]
    }

    init(_ object: JSONObject) throws(ArchiveProblem) {
        guard case .string("Header")? = object["Kind"], case .string(Self.format)? = object["Format"] else {
            throw ArchiveProblem("this is no export of an application: the first line does not say so")
        }
        var line = ArchiveObject(object)
        _ = line.optional("Format")
        let version = try line.integer("Version", in: 1...Int64.max)
        guard version == Self.version else {
            throw ArchiveProblem(
                "the export has version \(version), and this program reads version \(Self.version) only; use its own"
            )
        }
        let number = try line.integer("SDKAppID", in: 1...Int64(UInt32.max))
        guard let id = SDKAppID(rawValue: number) else { throw ArchiveProblem("SDKAppID is no number of one") }
        self.init(application: id, hasSecrets: try line.boolean("Secrets"))
        try line.demandNoMore()
    }
}
