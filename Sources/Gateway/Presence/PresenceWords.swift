import Chat
import ChatProtocol

/// What a node asks the others: `{"App":1,"Presence":["anna",…]}`.
///
/// Nodes of adjacent versions understand each other: what one does not know it passes over, and a question that it does
/// not know it does not answer.
struct PresenceQuestion {
    let application: SDKAppID
    let users: [UserID]

    init(application: SDKAppID, users: [UserID]) {
        (self.application, self.users) = (application, users)
    }

    init?(_ json: [UInt8]) {
        guard case .object(let object)? = try? JSONValue(parsing: json.span.bytes),
            case .number(let number)? = object["App"], let application = number.int64.flatMap(SDKAppID.init(rawValue:)),
            case .array(let names)? = object["Presence"]
        else { return nil }
        self.application = application
        users = names.compactMap { name in
            if case .string(let name) = name { UserID(rawValue: name) } else { nil }
        }
    }

    var json: [UInt8] {
        let object: JSONObject = [
            "App": .integer(application.rawValue),
            "Presence": .array(users.map { .string($0.rawValue) }),
        ]
        return object.json
    }
}

/// What a node answers: `{"anna":[["Web",4711],…],…}`, a user's sessions with platform and instance.
struct PresenceAnswer {
    let sessions: [UserID: [PresentSession]]

    init(_ sessions: [UserID: [PresentSession]]) {
        self.sessions = sessions
    }

    init?(_ json: [UInt8]) {
        guard case .object(let object)? = try? JSONValue(parsing: json.span.bytes) else { return nil }
        var sessions: [UserID: [PresentSession]] = [:]
        for member in object.members {
            guard let user = UserID(rawValue: member.name), case .array(let entries) = member.value else { continue }
            sessions[user] = entries.compactMap(Self.session)
        }
        self.sessions = sessions
    }

    private static func session(_ entry: JSONValue) -> PresentSession? {
        guard case .array(let parts) = entry, parts.count >= 2, case .string(let platform) = parts[0],
            case .number(let number) = parts[1], let instance = number.int64
        else { return nil }
        return PresentSession(platform: ClientPlatform(rawValue: platform) ?? .unknown, instance: instance)
    }

    var json: [UInt8] {
        JSONObject(
            sessions.map { user, sessions in
                let entries = sessions.map { session in
                    JSONValue.array([.string(session.platform.rawValue), .integer(session.instance)])
                }
                return JSONObject.Member(name: user.rawValue, value: .array(entries))
            }
        ).json
    }
}
