/// A part of the server that a node may run.
package enum Role: String, CaseIterable, Sendable {
    /// The REST API.
    case api
    /// Live connections.
    case gateway
    /// Delivering "after" webhooks.
    case webhooks
    /// Sweeping up what is too old.
    case maintenance

    /// Every role, as a setting says it.
    package static let words = allCases.map(\.rawValue).joined(separator: ", ")
}
