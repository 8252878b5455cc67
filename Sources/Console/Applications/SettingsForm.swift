import Chat
import ChatProtocol

/// The forms on the page of settings that are filled with what there is.
enum SettingsForm: String, Sendable {
    case general, service, limits

    /// Of what the form shows.
    func edition(of application: Chat.Application) -> Edition {
        switch self {
        case .general: Edition([application.name, application.plan.rawValue])
        case .service:
            Edition(
                [
                    application.channelServiceIsEnabled ? "on" : "off",
                    application.channelServiceExpiresAt.map { String($0.milliseconds) } ?? "",
                ]
            )
        case .limits:
            Edition(Limits.Name.allCases.map { name in application.ownLimits[name].map(String.init) ?? "" })
        }
    }

    /// What the form has otherwise than the application.
    ///
    /// - Throws: that somebody else has changed the application since the form was shown; 70402 for what is not allowed.
    func change(_ form: Form, of application: Chat.Application, _ texts: Texts) throws(ChatError) -> ApplicationChange {
        try form.demand(edition(of: application), texts)
        return switch self {
        case .general: try Self.general(form, of: application)
        case .service: try Self.service(form, of: application)
        case .limits: try Self.limits(form, of: application)
        }
    }

    /// What was sent otherwise than the application is.
    func unsaved(_ form: Form, of application: Chat.Application, _ texts: Texts) -> [Unsaved] {
        switch self {
        case .general:
            Unsaved.among(
                [
                    (texts["apps.name"], form["name"], application.name.asTrimmedField),
                    (
                        texts["apps.plan"], texts["plans.\(form["plan"])"],
                        texts["plans.\(application.plan.rawValue)"]
                    ),
                ]
            )
        case .service:
            Unsaved.among(
                [
                    (
                        texts["settings.serviceOn"], texts[yesOrNo: form.isOn("on")],
                        texts[yesOrNo: application.channelServiceIsEnabled]
                    ),
                    (texts["settings.end"], form["end"], application.channelServiceExpiresAt?.day ?? ""),
                ]
            )
        case .limits:
            Unsaved.among(
                Limits.Name.allCases.filter { form.isOn($0.rawValue) }.map { name in
                    (
                        texts["limits.\(name.rawValue)"], form[name.rawValue],
                        application.ownLimits[name].map(String.init) ?? ""
                    )
                }
            )
        }
    }

    private static func general(
        _ form: Form,
        of application: Chat.Application
    ) throws(ChatError) -> ApplicationChange {
        var change = ApplicationChange()
        let plan = try Plan(demanding: form["plan"])
        if !form["name"].hasSameBytes(as: application.name.asTrimmedField) { change.name = form["name"] }
        if plan != application.plan { change.plan = plan }
        return change
    }

    private static func service(
        _ form: Form,
        of application: Chat.Application
    ) throws(ChatError) -> ApplicationChange {
        var change = ApplicationChange()
        let isOn = form.isOn("on")
        if isOn != application.channelServiceIsEnabled { change.channelServiceIsEnabled = isOn }
        let day = form["end"]
        // A moment within the day, which the command line can give, stays while the day does.
        guard day != application.channelServiceExpiresAt?.day ?? "" else { return change }
        guard !day.isEmpty else {
            change.channelServiceExpiresAt = .some(nil)
            return change
        }
        guard let end = Timestamp(text: day) else {
            throw ChatError(.accountParameterInvalid, "The end must be a day such as 2027-01-31.")
        }
        change.channelServiceExpiresAt = .some(end)
        return change
    }

    /// An empty field gives a limit back to the plan.
    private static func limits(_ form: Form, of application: Chat.Application) throws(ChatError) -> ApplicationChange {
        var change = ApplicationChange()
        for name in Limits.Name.allCases where form.isOn(name.rawValue) {
            let text = form[name.rawValue]
            guard !text.isEmpty else {
                if application.ownLimits[name] != nil { change.ownLimits[name] = .some(nil) }
                continue
            }
            guard let value = Int64(text) else {
                let allowed = name.allowed
                throw ChatError(
                    .accountParameterInvalid,
                    "The limit \(name.rawValue) must be \(allowed.lowerBound) to \(allowed.upperBound); it is no number."
                )
            }
            if application.ownLimits[name] != value { change.ownLimits[name] = .some(value) }
        }
        return change
    }
}
