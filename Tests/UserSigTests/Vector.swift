import Testing
import UserSig

/// A token of spec/usersig.md section 6, made by Tencent's generator, and what it must say.
struct Vector: Sendable, CustomTestStringConvertible {
    static let sdkAppID: Int64 = 1_400_704_311
    static let key = "b3f1c7a09d5e4862b8fa0c1d2e3f405162738495a6b7c8d9eaf0011223344556"
    /// Midnight, the start of 2026 (UTC).
    static let issuedAt: Int64 = 1_767_225_600

    let name: String
    let token: String
    let identifier: String
    let lifetime: Int64
    let userBuffer: [UInt8]?

    var testDescription: String { name }

    static let all = [admin, compact, user, withUserBuffer]

    static let admin = Vector(
        name: "6.1",
        token: "eJw9zc0LgjAcxvF-RXYO2ZtOgi4SJOWp0sNuq035IU6Zo1f639Oyrp-vA88THfNDeDEOLQNEQ4wWwUdAG*uhgm9QugULg3fK"
            + "d*43GXSj*h70OCAcY4E5I2Ru5taDM2NJ4jHN6KGdiIhYUBrFfx*gnk7qshBsG1G74-fqmq9TWrKsUDw5Z1JJ9jjJer-hvhNN"
            + "sUKvNzbpNOE_",
        identifier: "administrator",
        lifetime: 86_400,
        userBuffer: nil
    )

    static let compact = Vector(
        name: "6.1 without spaces",
        token: "eJw1zEsLgkAUBeD-ctch89IRoU0ESbmqxoW7qRnlIuowDj3pvyday-Odw3nDuThFN*shAxYRWM0Zje0D1jizNh32OAavw*B-"
            + "g9G02jk0kFFBiCSCU7o09uHQW8jSZCoWCthNQGUiGYuTv47YTOdNqSTfx6w-iGd9L7YbVvJcaZFe80pX-HWpmuNOhEG2ag2f"
            + "L7TKM4E_",
        identifier: "administrator",
        lifetime: 86_400,
        userBuffer: nil
    )

    static let user = Vector(
        name: "6.2",
        token: "eJw9zU0LgjAYwPGvIrsW8mzNTYIOFeol6ZVeTmFsxoMkstkMou*elnX9-w7-J9kttr7Thow9wnwgQ*9TUOmyxhy-YHSmtDkD"
            + "-bFVRVZVqFqkHEACH1Ham35UaHQrAngI0Ncab12jUkjGAvHvFq-dIV*Wp2afxBDOgtQBiOO8kC5ZuSjmeIH7ZjCNmtSuD7md"
            + "kNcb8vIy3Q__",
        identifier: "reader_01",
        lifetime: 604_800,
        userBuffer: nil
    )

    static let withUserBuffer = Vector(
        name: "6.3",
        token: "eJw9jUsLgkAYAP*K7DnMXc1H4KFbSlGiFnbzscpHqdv6KqP-npZ5nRmYF-J2rthSjtYCIqKEFsKXQEKLGlL4iTDJoYCq5mFd"
            + "8n9SJdeQMUiGACuSpEmKjPHk6IMBp4PR1UFNsIZ8RFhTNUJW6sybivKoSccRfdp9QIzu4lqqVdi3WHYgdUxzfkI2Zsdoz8p2"
            + "Ex*6xlCWwKy0pT1kfqe7gXHHwdM7t-yEt1rpm*j9AYmGQ7s_",
        identifier: "administrator",
        lifetime: 86_400,
        userBuffer: Array(#"{"scope":"rest"}"#.utf8)
    )

    /// Verifies `token` as a request of the vector's application and user would.
    static func verify(
        _ token: String,
        identifier: String = admin.identifier,
        keys: [String] = [key],
        now: Int64 = issuedAt
    ) throws(UserSigError) -> Int {
        try UserSig(decoding: token).verify(sdkAppID: sdkAppID, identifier: identifier, keys: keys, now: now)
    }
}
