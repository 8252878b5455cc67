import FoundationEssentials
import NIOSSL
import Synchronization

/// The certificate that new connections are served with; a connection keeps the one that it began with.
final class ServedCertificate: Sendable {
    private struct Current {
        let context: NIOSSLContext
        let endDate: Date

        init(_ configuration: TLSConfiguration) throws {
            guard let own = configuration.ownCertificate else { throw NIOSSLError.failedToLoadCertificate }
            context = try NIOSSLContext(configuration: configuration.forHTTP)
            endDate = own.endDate
        }
    }

    private let current: Mutex<Current>
    private let files: TLSFiles?

    /// - Throws: ``SettingError`` that names the file that cannot be used.
    init(_ files: TLSFiles) throws(SettingError) {
        self.files = files
        current = Mutex(try Self.read(files))
    }

    /// One that stays as it is.
    init(_ certificate: SelfMadeCertificate) throws {
        files = nil
        current = Mutex(try Current(certificate.configuration()))
    }

    var context: NIOSSLContext { current.withLock { $0.context } }
    /// Until when it is valid.
    var endDate: Date { current.withLock { $0.endDate } }

    /// Reads the files again.
    ///
    /// - Throws: ``SettingError`` that names the file that cannot be used; the certificate is the one of before then.
    func reload() throws(SettingError) {
        guard let files else { return }
        let next = try Self.read(files)
        current.withLock { $0 = next }
    }

    private static func read(_ files: TLSFiles) throws(SettingError) -> Current {
        let configuration = try files.configuration()
        do {
            return try Current(configuration)
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
