import NIOSSL
import Synchronization

/// The certificate that new connections are served with; a connection keeps the one that it began with.
final class ServedCertificate: Sendable {
    private let current: Mutex<NIOSSLContext>
    private let files: TLSFiles?

    /// - Throws: ``SettingError`` that names the file that cannot be used.
    init(_ files: TLSFiles) throws(SettingError) {
        self.files = files
        current = Mutex(try Self.context(files))
    }

    /// One that stays as it is.
    init(_ certificate: SelfMadeCertificate) throws {
        files = nil
        current = Mutex(try NIOSSLContext(configuration: try certificate.configuration().forHTTP))
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    /// Reads the files again.
    ///
    /// - Throws: ``SettingError`` that names the file that cannot be used; the certificate is the one of before then.
    func reload() throws(SettingError) {
        guard let files else { return }
        let context = try Self.context(files)
        current.withLock { $0 = context }
    }

    private static func context(_ files: TLSFiles) throws(SettingError) -> NIOSSLContext {
        let configuration = try files.configuration().forHTTP
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw SettingError(
                "tls-key",
                "must be the key of the certificate; \(files.key) and \(files.certificate) do not go together: \(error)"
            )
        }
    }
}

extension TLSConfiguration {
    /// The same with what clients may choose by ALPN.
    fileprivate var forHTTP: TLSConfiguration {
        var configuration = self
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return configuration
    }
}
