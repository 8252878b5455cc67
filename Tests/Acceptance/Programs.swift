import FoundationEssentials
import RostrumTesting

/// A program of the machine that some tests need; without it they are skipped, and say so.
enum Program: String {
    case bash, curl, openssl, prlimit

    var isInstalled: Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(rawValue)") }
    }

    func run(_ arguments: String...) async throws -> FinishedRun {
        try await FinishedRun(of: rawValue, arguments)
    }
}

/// Runs `rostrum` with these words to its end.
func rostrum(_ words: String..., environment: [String: String] = [:]) async throws -> FinishedRun {
    try await RostrumProgram.run(words, environment: environment)
}

/// An application made by the command line in a directory of its own.
struct ServedApplication {
    static let number: Int64 = 1_400_000_001
    static let key = "2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe"

    let directory: String
    let signatory = Signatory(application: number, key: key)

    /// What `serve` needs to serve it on free ports.
    var serving: [String] { ["serve", "--port", "0", "--admin-port", "0", "--data-dir", directory] }

    /// What the command line shows of it, its key among that.
    func shown(_ more: String..., environment: [String: String] = [:]) async throws -> FinishedRun {
        let words = ["app", "show", "\(Self.number)", "--secrets", "--data-dir", directory] + more
        return try await RostrumProgram.run(words, environment: environment)
    }

    /// Makes one, hands it to `body` and removes it.
    static func with<Value>(_ body: (ServedApplication) async throws -> Value) async throws -> Value {
        try await withTemporaryDirectory { directory in
            let made = try await rostrum("app", "create", "\(number)", "--key", key, "--data-dir", directory)
            guard made.succeeded else { throw CannotMake(standardError: made.standardError) }
            return try await body(ServedApplication(directory: directory))
        }
    }

    struct CannotMake: Error {
        let standardError: String
    }
}

/// Paths of the commands that acceptance tests call.
enum Command {
    static let create = "official_account_open_http_svc/create_official_account"
    static let destroy = "official_account_open_http_svc/destroy_official_account"
    static let modify = "official_account_open_http_svc/modify_official_account_base_info"
    static let subscribe = "official_account_open_http_svc/add_subscriber"
    static let unsubscribe = "official_account_open_http_svc/delete_subscriber"
    static let send = "official_account_open_http_svc/send_official_account_msg"
    static let recall = "official_account_open_http_svc/official_account_msg_recall"
    static let info = "official_account_open_http_svc/get_official_account_info"
    static let importAccount = "im_open_login_svc/account_import"
    static let importAccounts = "im_open_login_svc/multiaccount_import"
    static let check = "im_open_login_svc/account_check"

    /// A body of ``check`` that asks for the account that every emulator has.
    static let checkBody = #"{"CheckItem":[{"UserID":"107867"}]}"#

    /// A body of ``create``.
    ///
    /// - Parameter id: nil for one that the server makes.
    static func creating(_ id: String? = nil, name: String = "News", owner: String = "administrator") -> String {
        let given = id.map { #","OfficialAccountUserID":"\#($0)""# } ?? ""
        return #"{"Owner_Account":"\#(owner)","Name":"\#(name)"\#(given)}"#
    }

    /// A body of ``modify``.
    static func renaming(_ id: String, to name: String) -> String {
        #"{"Official_Account":"\#(id)","Name":"\#(name)"}"#
    }

    /// A body of ``info``.
    static func asking(for ids: some Sequence<String>) -> String {
        #"{"OfficialAccountIdList":["# + ids.map { #"{"Official_Account":"\#($0)"}"# }.joined(separator: ",") + "]}"
    }
}

/// What `GET /dev/state` tells, as far as tests read it.
struct EmulatorState: Decodable {
    struct Counts: Decodable {
        let channels: Int
        let accounts: Int
    }

    struct Channel: Decodable {
        let id: String
    }

    let counts: Counts
    let channels: [Channel]
    let accounts: [String]

    init(of server: ServerProcess) async throws {
        self = try await server.request("GET", "/dev/state").decoded()
    }
}
