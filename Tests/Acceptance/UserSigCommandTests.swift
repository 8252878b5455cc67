import FoundationEssentials
import RostrumTesting
import Testing
import UserSig

/// `rostrum usersig`, with and without an installation.
@Suite("Making UserSigs")
struct UserSigCommandTests {
    @Test("a made UserSig is printed alone and is taken by the server")
    func userSig() async throws {
        try await ServedApplication.with { application in
            let id = "\(ServedApplication.number)"
            let stored = try await rostrum(
                "usersig",
                "--app",
                id,
                "--user",
                "administrator",
                "--data-dir",
                application.directory
            )
            let given = try await rostrum(
                "usersig",
                "--app",
                id,
                "--user",
                "administrator",
                "--key",
                ServedApplication.key,
                "--expire",
                "60"
            )
            let emulators = try await rostrum("usersig", "--app", "88888888", "--user", "administrator")

            try await withServer(application.serving) { server in
                for run in [stored, given] {
                    #expect(run.succeeded && run.standardError.isEmpty)
                    let token = run.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
                    #expect(token.count == 2 && token.last == "")
                    let target = "/v4/\(Command.check)?sdkappid=\(id)&identifier=administrator&usersig=\(token[0])"
                    let reply = try await server.request("POST", target, body: Command.checkBody)
                    #expect(try reply.decoded(as: CallReply.self).ErrorCode == 0)
                }
            }
            try await withServer { server in
                let token = emulators.standardOutput.filter { $0 != "\n" }
                let target = "/v4/\(Command.check)?sdkappid=88888888&identifier=administrator&usersig=\(token)"
                let reply = try await server.request("POST", target, body: Command.checkBody)
                #expect(try reply.decoded(as: CallReply.self).ErrorCode == 0)
            }
        }
    }

    @Test("a UserSig as JSON tells whom it is for and until when", arguments: [true, false])
    func userSigInJSON(isStored: Bool) async throws {
        struct Made: Decodable {
            let sdkappid: Int64
            let identifier: String
            let usersig: String
            let expiresAt: Int64
        }

        try await ServedApplication.with { application in
            let id = "\(ServedApplication.number)"
            let key = isStored ? ["--data-dir", application.directory] : ["--key", ServedApplication.key]
            let earliest = Int64(Date.now.timeIntervalSince1970)
            let run = try await RostrumProgram.run(
                ["usersig", "--app", id, "--user", "administrator", "--expire", "600", "--json"] + key
            )
            let latest = Int64(Date.now.timeIntervalSince1970)

            try #require(run.succeeded, "\(run.standardError)")
            let made = try JSONDecoder().decode(Made.self, from: Data(run.standardOutput.utf8))
            #expect((made.sdkappid, made.identifier) == (ServedApplication.number, "administrator"))
            #expect((earliest + 600...latest + 600).contains(made.expiresAt))
            let userSig = try UserSig(decoding: made.usersig)
            try userSig.verify(
                sdkAppID: ServedApplication.number,
                identifier: "administrator",
                keys: [ServedApplication.key],
                now: made.expiresAt - 1
            )
            #expect(throws: UserSigError.expired) {
                try userSig.verify(
                    sdkAppID: ServedApplication.number,
                    identifier: "administrator",
                    keys: [ServedApplication.key],
                    now: made.expiresAt
                )
            }
        }
    }
}
