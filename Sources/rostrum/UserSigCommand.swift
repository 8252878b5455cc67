import ArgumentParser
import Chat
import ChatProtocol
import Emulator
import Server
import UserSig

struct UserSigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usersig",
        abstract: "Make a UserSig and print it alone.",
        discussion: """
            The key is --key, or the newest one that an installation has for the application: the one that --data-dir or \
            --database names, or the environment. For the emulator's own application 88888888 it is the published one \
            where nothing is named, and where the environment names a directory without an installation, or an \
            installation without that application.
            """
    )

    @Option(help: ArgumentHelp("The application.", valueName: "SDKAPPID"))
    var app: SDKAppID

    @Option(help: ArgumentHelp("The account that the UserSig is for.", valueName: "USER"))
    var user: UserID

    @Option(help: "How long it shall be good, in seconds.")
    var expire: Int64 = 86_400

    @Option(help: "The application's key.")
    var key: String?

    @OptionGroup var storage: StorageOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard UserSigs.lifetimes.contains(expire) else {
            throw ValidationError("--expire must be 1 to \(UserSigs.lifetimes.upperBound) seconds.")
        }
    }

    func run() async throws {
        let published = app.rawValue == Emulation.applicationNumber ? Emulation.publishedKey : nil
        // With a key nothing is left to ask of an installation that nobody named here; and the emulator can be tried before
        // the one that the environment names is made.
        let isAsked = published == nil ? storage.areGiven : storage.place.mayBeThere
        if storage.areNamed || (key == nil && isAsked) {
            let made = try await storage.withInstallation { systems in
                let stored = try await systems.applications.find(app)?.keys.last?.text
                // Of an emulator elsewhere, where this installation has no such application.
                let other = storage.areNamed ? nil : published
                return (key ?? stored ?? other).map { ($0, systems.clock.now.seconds) }
            }
            guard let (key, now) = made else { throw StartError("there is no application \(app) in this installation") }
            return try print(signedWith: key, at: now)
        }
        guard let key = key ?? published else {
            throw ValidationError(
                """
                Give --key, or --data-dir or --database of the installation that has application \(app); or set \
                ROSTRUM_DATA_DIR or ROSTRUM_DATABASE.
                """
            )
        }
        try print(signedWith: key, at: SystemClock().now.seconds)
    }

    private struct View: Encodable {
        let sdkappid: Int64
        let identifier: String
        let usersig: String
        /// The first Unix second at which it is no longer good.
        let expiresAt: Int64
    }

    private func print(signedWith key: String, at seconds: Int64) throws {
        let token = UserSig.token(
            sdkAppID: app.rawValue,
            identifier: user.rawValue,
            key: key,
            issuedAt: seconds,
            lifetime: expire
        )
        guard json else { return printLine(token) }
        try printJSON(
            View(
                sdkappid: app.rawValue,
                identifier: user.rawValue,
                usersig: token,
                expiresAt: seconds + expire
            )
        )
    }
}
