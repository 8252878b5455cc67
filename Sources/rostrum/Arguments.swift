import Addresses
// A conformance of a public type to a public protocol is public, whoever can see it.
public import ArgumentParser
import Chat
public import ChatProtocol
public import Logging
import Observability
import Server

extension SDKAppID: ExpressibleByArgument {
    /// The number in decimal digits.
    public init?(argument: String) {
        self.init(argument)
    }
}

extension UserID: ExpressibleByArgument {
    /// The name as it is.
    public init?(argument: String) {
        self.init(rawValue: argument)
    }
}

extension AddressRange: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}

extension LogFormat: ExpressibleByArgument {}
extension Plan: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}

/// `NAME=VALUE`: a limit and its number.
struct LimitAssignment: ExpressibleByArgument {
    let name: Limits.Name
    /// Nil for `plan`: back to the plan's number.
    let value: Int64?

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = Limits.Name(rawValue: String(parts[0])) else { return nil }
        if parts[1] == "plan" {
            value = nil
        } else {
            guard let number = Int64(parts[1]) else { return nil }
            value = number
        }
        self.name = name
    }

    static var allValueStrings: [String] {
        Limits.Name.allCases.map { "\($0.rawValue)=\($0.allowed.lowerBound)…\($0.allowed.upperBound)" }
    }
}

/// The URL of webhooks, or an empty text that takes it away.
struct WebhookURLArgument: ExpressibleByArgument {
    let url: WebhookURL?

    init?(argument: String) {
        guard !argument.isEmpty else {
            url = nil
            return
        }
        guard let url = WebhookURL(rawValue: argument) else { return nil }
        self.url = url
    }
}

/// A webhook's full `CallbackCommand`, `all` or `none`.
struct WebhookSelection: ExpressibleByArgument {
    let commands: Set<WebhookCommand>

    init?(argument: String) {
        switch argument {
        case "all": commands = Set(WebhookCommand.allCases)
        case "none": commands = []
        default:
            guard let command = WebhookCommand(rawValue: argument) else { return nil }
            commands = [command]
        }
    }

    static var allValueStrings: [String] { ["all", "none"] + WebhookCommand.allCases.map(\.rawValue) }
}

extension WebhookSettings.TimeoutPolicy: ExpressibleByArgument {}
extension WebhookSettings.Retry: ExpressibleByArgument {}

/// `on` or `off`.
enum Switch: String, ExpressibleByArgument, CaseIterable {
    case on, off

    var isOn: Bool { self == .on }
}
