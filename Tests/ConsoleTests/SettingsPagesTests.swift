import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// What owners change about an application, and nobody else.
@Suite struct SettingsPagesTests {
    private static let path = "/console/apps/\(SDKAppID.example)/settings"

    @Test("name, plan, limits, service and state are changed, each by its form")
    func changes() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let forms: [(String, [String: String])] = [
                ("general", ["name": "New <b>", "plan": "trial"]),
                ("limits", ["channels": "12", "accounts": ""]),
                ("service", ["end": "2027-01-31"]),
                ("serving", ["enabled": "no"]),
            ]
            for (action, fields) in forms {
                let reply = try await browser.submit(Self.path, to: "\(Self.path)/\(action)", fields)
                #expect(reply.status == .seeOther, "\(action)")
                #expect(reply.headers[.location] == "\(Self.path)?done=applicationChanged")
            }

            let application = try await installation.application()
            #expect(application.name == "New <b>" && application.plan == .trial)
            #expect(application.ownLimits == [.channels: 12])
            #expect(!application.channelServiceIsEnabled)
            #expect(application.channelServiceExpiresAt == Timestamp(text: "2027-01-31"))
            #expect(!application.isEnabled)
            let page = try await browser.get(Self.path)
            #expect(page.has("New &lt;b&gt;", #"value="2027-01-31""#, #"value="12""#, "Enable the application"))

            _ = try await browser.submit(Self.path, to: "\(Self.path)/limits", ["channels": ""])
            _ = try await browser.submit(Self.path, to: "\(Self.path)/service", ["on": "on", "end": ""])
            _ = try await browser.post("\(Self.path)/serving", ["enabled": "yes"])
            let restored = try await installation.application()
            #expect(restored.ownLimits == [:] && restored.isEnabled && restored.channelServiceIsEnabled)
            #expect(restored.channelServiceExpiresAt == nil)

            // What was changed can be read in the audit.
            let actions = Set(try await installation.audit().map(\.action))
            for action in [
                "app set name plan=trial", "app set channels=12", "app set channels=default", "app set serving=off",
                "app set channel-service=off channel-service-end=1801353600",
            ] {
                #expect(actions.contains(action), "\(action) in \(actions)")
            }
        }
    }

    @Test("the time of an end that was set elsewhere stays while its day stays")
    func endWithinADay() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var change = ApplicationChange()
            change.channelServiceExpiresAt = .some(Timestamp(text: "2027-01-31T12:34:56Z"))
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            let browser = try await Browser(installation, as: .owner)
            let form = "\(Self.path)/service"
            _ = try await browser.submit(Self.path, to: form, ["on": "on", "end": "2027-01-31"])

            #expect(
                try await installation.application().channelServiceExpiresAt == Timestamp(text: "2027-01-31T12:34:56Z")
            )
        }
    }

    @Test(
        "what is not allowed is refused in words, and what was typed stays",
        arguments: [
            ("limits", ["channels": "-1"], "must be 0 to 1000000000", #"value="-1""#),
            ("limits", ["channels": "many"], "it is no number", #"value="many""#),
            ("service", ["end": "tomorrow"], "a day such as 2027-01-31", #"value="tomorrow""#),
            ("general", ["name": "Kept", "plan": "gold"], "The plan is one of", #"value="Kept""#),
            ("add-admin", ["user": "@TGS#1"], "A UserID must be", #"value="@TGS#1""#),
            ("remove-admin", ["user": "nobody"], "no admin of application", "administrator"),
            ("delete", ["confirmation": "harbour"], "name or number to delete", #"value="harbour""#),
            ("delete", [:], "name or number to delete", "administrator"),
        ] as [(String, [String: String], String, String)]
    )
    func refused(action: String, fields: [String: String], reason: String, kept: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let before = try await installation.audit().count

            let page = try await browser.submit(Self.path, to: "\(Self.path)/\(action)", fields)

            #expect(page.status == .unprocessableContent && page.has(reason, kept))
            #expect(try await installation.audit().count == before)
        }
    }

    @Test("admins are added, imported with it, and removed")
    func admins() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)

            _ = try await browser.post("\(Self.path)/add-admin", ["user": "boss"])
            _ = try await browser.post("\(Self.path)/remove-admin", ["user": "administrator"])

            #expect(try await installation.application().admins == [UserID("boss")])
            #expect(try await browser.get(Self.path).has("boss"))
        }
    }

    @Test("a new key is shown once beside the old one, which is dropped when the rotation is finished")
    func keys() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)

            func newest() async throws -> [String: String] {
                let page = try await browser.get(Self.path).text
                return [
                    "newestKey": String(try #require(page.firstMatch(of: /name="newestKey" value="(\d+)"/)?.output.1))
                ]
            }

            let shown = try await browser.post("\(Self.path)/rotate-key", try await newest())
            let keys = try await installation.application().keys.map(\.text)
            #expect(keys.count == 2 && shown.has(keys[1]) && !shown.has(keys[0]))
            #expect(shown.headers[.cacheControl] == "no-store")
            let page = try await browser.get(Self.path)
            #expect(page.has("Key 1", "Key 2", "Drop the old key") && !page.has(keys[0]) && !page.has(keys[1]))

            _ = try await browser.post("\(Self.path)/finish-rotation", try await newest())
            #expect(try await installation.application().keys.map(\.text) == [keys[1]])
        }
    }

    @Test("an application is deleted by its name or its number", arguments: ["Harbour", "1400000001"])
    func delete(confirmation: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)

            let reply = try await browser.post("\(Self.path)/delete", ["confirmation": confirmation])

            #expect(reply.headers[.location] == "/console/apps?done=applicationDeleted")
            #expect(try await installation.applications.all().isEmpty)
            // Its own audit has no page any more; the installation's tells of it.
            let audit = try await browser.get("/console/audit")
            #expect(audit.has("app delete begins", ">app delete<", ">operator:owner<"))
        }
    }

    @Test("nobody but an owner reads or changes them", arguments: [OperatorRole.readOnly, .operator])
    func ownersOnly(role: OperatorRole) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: role)
            let before = try await installation.audit().count
            let actions = [
                "general", "limits", "service", "serving", "add-admin", "remove-admin", "rotate-key",
                "finish-rotation", "delete",
            ]
            for action in actions {
                let form = ["confirmation": "Harbour", "user": "boss", "enabled": "no", "name": "x", "plan": "trial"]
                #expect(try await browser.post("\(Self.path)/\(action)", form).status == .forbidden)
            }
            #expect(try await browser.post("/console/apps", ["plan": "trial", "admins": "boss"]).status == .forbidden)
            for path in [Self.path, "/console/apps/new"] { #expect(try await browser.get(path).status == .forbidden) }
            #expect(try await installation.audit().count == before)
        }
    }
}
