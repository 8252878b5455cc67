import Chat
import ChatProtocol
import UserSig

/// What there is to say of a UserSig, check by check.
struct TokenReportView: Sendable {
    struct Check: Sendable {
        let title: String
        let detail: String
        let isGood: Bool
        /// Good or wrong, in a word.
        let state: String
    }

    let isGood: Bool
    /// The whole in a sentence.
    let verdict: String
    let code: CodeView
    let checks: [Check]
    /// The JSON inside; nil when it could not be reached.
    let document: String?
    /// When it was made and when it ends, for people; empty when it could not be taken apart.
    let times: [Time]
    /// What else a caller meets, although the UserSig itself is no reason.
    let notes: [String]

    struct Time: Sendable {
        let name: String
        let text: String
    }

    init(_ report: TokenReport, _ application: Chat.Application, _ texts: Texts) {
        isGood = report.isGood
        code = CodeView(report.code, texts)
        document = report.document.map { PrettyJSON.text(Array($0.utf8)) }
        let checks = Checks(report, application, texts)
        self.checks = checks.all
        verdict = checks.verdict
        times = checks.times
        notes = checks.notes
    }
}

/// Puts a report into words.
private struct Checks {
    private let report: TokenReport
    private let application: Chat.Application
    private let texts: Texts

    init(_ report: TokenReport, _ application: Chat.Application, _ texts: Texts) {
        (self.report, self.application, self.texts) = (report, application, texts)
    }

    var all: [TokenReportView.Check] {
        guard let claims = report.claims else {
            return [check("form", report.malformation.map { text("malformed.\($0.textKey)") }, good: "")]
        }
        return [
            check("form", nil, good: text("good.form")), applicationCheck(claims), identifierCheck(claims), keyCheck,
            timeCheck(claims), voidCheck(claims),
        ]
    }

    var verdict: String {
        guard report.isGood, let claims = report.claims, let signer = report.signer else { return text("isBad") }
        return text("isGood", ["key": signer.createdAt.shown, "time": shown(claims.expiresAt)])
    }

    var times: [TokenReportView.Time] {
        guard let claims = report.claims else { return [] }
        return [
            TokenReportView.Time(name: text("issued"), text: shown(claims.issuedAt)),
            TokenReportView.Time(name: text("expires"), text: shown(claims.expiresAt)),
        ]
    }

    var notes: [String] {
        guard report.claims != nil else { return [] }
        var notes: [String] = []
        if !report.isAdmin { notes.append(text("notes.noAdmin", ["identifier": report.identifier])) }
        if !report.isImported { notes.append(text("notes.notImported", ["identifier": report.identifier])) }
        if !application.isEnabled { notes.append(text("notes.disabled")) }
        return notes
    }

    private func applicationCheck(_ claims: UserSig) -> TokenReportView.Check {
        let values = ["claimed": "\(claims.sdkAppID)", "application": "\(application.id)"]
        let isWrong = report.faults.contains(.wrongApplication)
        return check(
            "application",
            isWrong ? text("bad.application", values) : nil,
            good: text("good.application", values)
        )
    }

    private func identifierCheck(_ claims: UserSig) -> TokenReportView.Check {
        let values = ["claimed": claims.identifier, "identifier": report.identifier]
        let isWrong = report.faults.contains(.wrongIdentifier)
        return check(
            "identifier",
            isWrong ? text("bad.identifier", values) : nil,
            good: text("good.identifier", values)
        )
    }

    private var keyCheck: TokenReportView.Check {
        if let signer = report.signer {
            return check("key", nil, good: text("good.key", ["key": signer.createdAt.shown]))
        }
        let tried = application.keys.map(\.createdAt.shown).joined(separator: ", ")
        var fault = application.keys.isEmpty ? text("bad.noKey") : text("bad.key", ["keys": tried])
        if let other = report.otherSigner {
            fault += " " + text("bad.otherKey", ["application": "\(other)"])
        }
        return check("key", fault, good: "")
    }

    private func timeCheck(_ claims: UserSig) -> TokenReportView.Check {
        let fault: String? =
            if report.faults.contains(.expired) {
                claims.lifetime > 0
                    ? text("bad.expired", ["time": shown(claims.expiresAt)])
                    : text("bad.lifetime", ["seconds": "\(claims.lifetime)"])
            } else if report.faults.contains(.notYetValid) {
                text(
                    "bad.future",
                    ["time": shown(claims.issuedAt), "seconds": "\(UserSig.clockSkewSeconds)"]
                )
            } else {
                nil
            }
        return check("time", fault, good: text("good.time", ["time": shown(claims.expiresAt)]))
    }

    private func voidCheck(_ claims: UserSig) -> TokenReportView.Check {
        let fault = report.voidUntil.map { text("bad.void", ["issued": shown(claims.issuedAt), "time": $0.shown]) }
        return check("void", fault, good: text("good.void"))
    }

    private func check(_ name: String, _ fault: String?, good: String) -> TokenReportView.Check {
        TokenReportView.Check(
            title: text("checks.\(name)"),
            detail: fault ?? good,
            isGood: fault == nil,
            state: text(fault == nil ? "right" : "wrong")
        )
    }

    private func shown(_ seconds: Int64) -> String { Timestamp(seconds: seconds).shown }

    private func text(_ key: String, _ values: [String: String] = [:]) -> String {
        texts["tools.usersig.\(key)", values]
    }
}

extension UserSigError {
    /// Under which key the texts say what is wrong with a token that cannot be taken apart.
    fileprivate var textKey: String {
        guard case .malformed(let malformation) = self else { return "empty" }
        return "\(malformation)"
    }
}
