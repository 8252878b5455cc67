import ChatProtocol
import Crypto
import CryptoExtras
import Database
import Dispatch
import FoundationEssentials

/// What hashing a password costs.
package struct PasswordCost: Sendable {
    /// The binary logarithm of how many blocks there are.
    let logarithm: Int
    let blockSize: Int
    let parallelism: Int

    /// 32 MiB of memory, and some 100 ms of a core.
    ///
    /// Source: OWASP's password storage cheat sheet.
    package static let ours = PasswordCost(logarithm: 15, blockSize: 8, parallelism: 3)
    /// For tests that sign in often.
    package static let cheap = PasswordCost(logarithm: 10, blockSize: 8, parallelism: 1)
}

/// Hashes passwords with scrypt, a function that needs much memory on purpose.
///
/// A hash is text of the form `$scrypt$ln=15,r=8,p=3$SALT$KEY`, both in base64: what was hashed with other costs can
/// be verified still when ours are raised.
///
/// Source: RFC 7914.
struct PasswordHash: Sendable, Equatable {
    /// One at a time, so that many who sign in at once take no more memory than one does.
    private static let queue = DispatchQueue(label: "rostrum.passwords")

    /// What no password fits.
    static let unknown = PasswordHash(text: "")

    let text: String

    /// Whether there is a password at all.
    var canFit: Bool { !text.isEmpty }

    /// Hashes a password under a new salt.
    static func make(
        of password: String,
        _ cost: PasswordCost,
        _ random: any RandomSource
    ) async throws(ChatError) -> PasswordHash {
        let salt = random.bytes(16)
        let key = try await derive(password, salt, cost)
        return PasswordHash(
            text: """
                $scrypt$ln=\(cost.logarithm),r=\(cost.blockSize),p=\(cost.parallelism)\
                $\(Data(salt).base64EncodedString())$\(Data(key).base64EncodedString())
                """
        )
    }

    /// Whether the password is the one that was hashed; takes as long for every password.
    func fits(_ password: String) async throws(ChatError) -> Bool {
        guard canFit else { return false }
        guard let (cost, salt, key) = parts else {
            throw .internalFault(DatabaseError(.corrupt, "a password's hash is not of the form that we write"))
        }
        let derived = try await Self.derive(password, salt, cost)
        return areSameSecret(derived, key)
    }

    private var parts: (PasswordCost, salt: [UInt8], key: [UInt8])? {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[1] == "scrypt",
            let salt = Data(base64Encoded: String(fields[3])), let key = Data(base64Encoded: String(fields[4]))
        else { return nil }
        let costs = fields[2].split(separator: ",").map { $0.split(separator: "=") }
        guard costs.map(\.first) == ["ln", "r", "p"], costs.allSatisfy({ $0.count == 2 }),
            let logarithm = Int(digits: String(costs[0][1])), (10...20).contains(logarithm),
            let blockSize = Int(digits: String(costs[1][1])), (1...32).contains(blockSize),
            let parallelism = Int(digits: String(costs[2][1])), (1...16).contains(parallelism)
        else { return nil }
        return (
            PasswordCost(logarithm: logarithm, blockSize: blockSize, parallelism: parallelism), [UInt8](salt),
            [UInt8](key)
        )
    }

    private static func derive(_ password: String, _ salt: [UInt8], _ cost: PasswordCost) async throws(ChatError)
        -> [UInt8]
    {
        let result: Result<[UInt8], any Error> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result {
                        try KDF.Scrypt.deriveKey(
                            from: Array(password.utf8),
                            salt: salt,
                            outputByteCount: 32,
                            rounds: 1 << cost.logarithm,
                            blockSize: cost.blockSize,
                            parallelism: cost.parallelism
                        ).withUnsafeBytes { Array($0) }
                    }
                )
            }
        }
        switch result {
        case .success(let key): return key
        case .failure(let error): throw .internalFault(error)
        }
    }
}
