package import ChatProtocol
import Database

/// Work that one node of the installation does at a time.
package enum SoleWork: Sendable, Hashable {
    /// Reading the outbox of an application.
    case webhooks(SDKAppID)
    /// Sweeping.
    case maintenance

    /// What a row calls it.
    enum Name: String {
        case webhooks, maintenance
    }

    /// With whose writes it takes turns.
    var turn: Turn {
        switch self {
        case .webhooks(let application): .application(application)
        case .maintenance: .unordered
        }
    }

    var name: Name {
        switch self {
        case .webhooks: .webhooks
        case .maintenance: .maintenance
        }
    }

    /// Whose row it is; 0 for what belongs to no application.
    var application: Int64 {
        switch self {
        case .webhooks(let application): application.rawValue
        case .maintenance: 0
        }
    }
}

/// The right to do a piece of work, as it was at one moment: it may have been lost since.
///
/// ``Leases/isCurrent(_:)`` says whether it can have been; only a transaction knows for certain.
package struct Lease: Sendable, Hashable {
    package let work: SoleWork
    /// Drawn anew by whoever takes the work up; nil where this node is alone and nobody else could.
    let token: Int64?
    /// Since when this node has said without a break that it lives.
    let era: Int
}

/// Whose a piece of work is, as the storage has it.
package struct Leaseholder: Sendable, Hashable {
    let node: String
    let token: Int64
    /// The node's, nil when it is not there any more.
    let beats: Int64?
}
