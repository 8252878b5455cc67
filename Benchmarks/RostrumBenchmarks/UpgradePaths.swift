import ArgumentParser
import Chat
import UserSig

/// Prints what accounts `user_0` and on ask for to be live, a line each: the path with a UserSig for a day.
struct UpgradePaths: ParsableCommand {
    @Option var accounts: Int

    func run() {
        let now = SystemClock().now.seconds
        for number in 0..<accounts {
            let signature = UserSig.token(
                sdkAppID: BenchmarkInstallation.application,
                identifier: "user_\(number)",
                key: BenchmarkInstallation.key,
                issuedAt: now,
                lifetime: 86_400
            )
            print(
                "/v4/ws?sdkappid=\(BenchmarkInstallation.application)&identifier=user_\(number)&usersig=\(signature)"
                    + "&platform=Web"
            )
        }
    }
}
