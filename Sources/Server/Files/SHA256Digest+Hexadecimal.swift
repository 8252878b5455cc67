import Chat
import Crypto

extension SHA256.Digest {
    /// In lower-case hexadecimal digits, as `sha256sum` prints it.
    var digits: String { hexadecimal(Array(self)) }
}
