import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird

/// What owners may change about an application.
struct SettingsPages: Sendable {
    private let services: Services
    private var applications: Applications { services.systems.applications }

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/settings", by: .owner) { visit throws(ChatError) in
            .page(settings(of: try await visit.application(), visit))
        }
        routes.post("apps/:app/settings/:action", by: .owner) { visit, form throws(ChatError) in
            try await change(visit, form)
        }
    }

    // MARK: The page

    private struct Limit: Sendable {
        let id: String
        let label: String
        let value: String
        let byPlan: String
        let smallest: String
        let largest: String
    }

    private struct Key: Sendable {
        let label: String
        let made: String
    }

    private struct Settings: Sendable {
        let id: String
        let generalEdition: String
        let serviceEdition: String
        let limitsEdition: String
        let name: String
        let longestName: Int
        let plans: [Choice]
        let isEnabled: Bool
        let limits: [Limit]
        let serviceIsOn: Bool
        let lastDay: String
        let endByPlan: String
        let admins: [String]
        let newAdmin: String
        let longestUserID: Int
        let keys: [Key]
        /// When the newest was made, which tells the state that is shown from any other.
        let newestKey: String
        let isRotating: Bool
        let confirmation: String
    }

    /// - Parameter typed: a form that was refused, which keeps what was typed.
    private func settings(
        of application: Chat.Application,
        _ visit: Visit,
        _ typed: Form? = nil,
        problem: ChatError? = nil
    ) -> Page {
        let texts = visit.texts
        let action = typed == nil ? "" : visit.named("action")
        func field(_ name: String, of form: String, else stored: String) -> String {
            action == form ? typed?[name] ?? stored : stored
        }
        let plan = Plan(rawValue: field("plan", of: "general", else: application.plan.rawValue)) ?? application.plan
        let end = application.limits.channelServiceEnd(since: application.createdAt)
        let content = Settings(
            id: application.id.description,
            generalEdition: field(
                Edition.field,
                of: "general",
                else: SettingsForm.general.edition(of: application).text
            ),
            serviceEdition: field(
                Edition.field,
                of: "service",
                else: SettingsForm.service.edition(of: application).text
            ),
            limitsEdition: field(Edition.field, of: "limits", else: SettingsForm.limits.edition(of: application).text),
            name: field("name", of: "general", else: application.name),
            longestName: NewApplication.longestName,
            plans: Choice.plans(plan, texts),
            isEnabled: application.isEnabled,
            limits: Limits.Name.allCases.map { name in
                let own = application.ownLimits[name].map(String.init) ?? ""
                return Limit(
                    id: name.rawValue,
                    label: texts["limits.\(name.rawValue)"],
                    value: field(name.rawValue, of: "limits", else: own),
                    byPlan: texts[
                        "settings.byPlan",
                        ["value": name.shown(application.plan.limits[name], texts)]
                    ],
                    smallest: String(name.allowed.lowerBound),
                    largest: String(name.allowed.upperBound)
                )
            },
            serviceIsOn: action == "service" ? typed?.isOn("on") ?? false : application.channelServiceIsEnabled,
            lastDay: field("end", of: "service", else: application.channelServiceExpiresAt?.day ?? ""),
            endByPlan: end.map { texts["settings.endByPlan", ["day": $0.day]] } ?? texts["settings.noEndByPlan"],
            admins: application.admins.sorted().map(\.rawValue),
            newAdmin: field("user", of: "add-admin", else: ""),
            longestUserID: UserID.longest,
            keys: application.keys.enumerated().map { position, key in
                Key(label: texts["settings.key", ["number": String(position + 1)]], made: key.createdAt.shown)
            },
            newestKey: Self.newestKey(of: application),
            isRotating: application.keys.count > 1,
            confirmation: field("confirmation", of: "delete", else: "")
        )
        return Page(
            "application-settings",
            title: "settings.title",
            content,
            of: application,
            section: "settings",
            problem: problem
        )
    }

    private static func newestKey(of application: Chat.Application) -> String {
        application.keys.last.map { String($0.createdAt.milliseconds) } ?? ""
    }

    // MARK: Changing

    private func change(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let (id, operation) = (application.id, visit.operation())
        // Sent again, a form would drop a key that was new when it was made.
        let (shown, texts) = (form["newestKey"], visit.texts)
        let same: @Sendable (Chat.Application) throws(ChatError) -> Void = { application throws(ChatError) in
            guard Self.newestKey(of: application) == shown else { throw .ofTheConsole(texts["settings.keysChanged"]) }
        }
        do throws(ChatError) {
            if let edited = SettingsForm(rawValue: visit.named("action")) {
                return try await change(application, edited, visit, form)
            }
            switch visit.named("action") {
            case "serving":
                var change = ApplicationChange()
                change.isEnabled = form["enabled"] == "yes"
                _ = try await applications.update(id, change, by: operation)
            case "add-admin":
                _ = try await applications.addAdmin(try UserID(demanding: form["user"]), to: id, by: operation)
            case "remove-admin":
                _ = try await applications.removeAdmin(try UserID(demanding: form["user"]), from: id, by: operation)
            case "rotate-key":
                let key = NewApplication.makeKey(services.systems.random)
                let rotated = try await applications.rotateKey(of: id, to: key, by: operation, same)
                return .page(NewKey(rotated, isFirst: false).page)
            case "finish-rotation": _ = try await applications.dropOldKeys(of: id, by: operation, same)
            case "delete":
                try demandConfirmation(form["confirmation"], of: application, visit.texts)
                try await applications.delete(id, by: operation)
                return .done("applicationDeleted", path: "\(Console.path)/apps")
            default: return .problem(.notFound, "errors.notFound")
            }
            return .done("applicationChanged", path: "\(application.path)/settings")
        } catch {
            return .page(settings(of: application, visit, form, problem: error))
        }
    }

    private func change(
        _ application: Chat.Application,
        _ edited: SettingsForm,
        _ visit: Visit,
        _ form: Form
    ) async throws(ChatError) -> Answer {
        let texts = visit.texts
        do throws(ChatError) {
            try await applications.update(application.id, by: visit.operation()) { present throws(ChatError) in
                try edited.change(form, of: present, texts)
            }
            return .done("applicationChanged", path: "\(application.path)/settings")
        } catch {
            guard error.isChangedMeanwhile, let present = try await applications.load(application.id) else {
                throw error
            }
            var page = settings(of: present, visit, problem: error)
            page.unsaved = edited.unsaved(form, of: present, texts)
            return .page(page)
        }
    }

    private func demandConfirmation(
        _ typed: String,
        of application: Chat.Application,
        _ texts: Texts
    ) throws(ChatError) {
        guard typed == application.id.description || !typed.isEmpty && typed == application.name else {
            throw .ofTheConsole(texts["settings.notConfirmed"])
        }
    }
}
