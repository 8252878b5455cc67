import FoundationEssentials
import NIOSSL

/// Whether a certificate can be served, and for how long.
enum CertificateExamination {
    /// Those who renew certificates by themselves do so 30 days before.
    private static let warningDays = 21.0

    static func examine(_ files: TLSFiles, now: Date) -> Finding {
        let configuration: TLSConfiguration
        do {
            // What the server does at its start: the key has to be the certificate's.
            configuration = try files.configuration()
            _ = try NIOSSLContext(configuration: configuration)
        } catch let error as SettingError {
            return .error(.tls, "the setting \(error)", "correct it; the server does not start")
        } catch {
            return .error(
                .tls,
                "\(files.certificate) and \(files.key) do not go together: \(error)",
                "give the key that the certificate was made for"
            )
        }
        guard let certificate = configuration.ownCertificate else {
            return .error(
                .tls,
                "\(files.certificate) has no certificate",
                "give the chain in PEM, its own certificate first"
            )
        }
        return validity(from: certificate.startDate, to: certificate.endDate, of: files.certificate, now: now)
    }

    static func validity(from start: Date, to end: Date, of path: String, now: Date) -> Finding {
        guard now >= start else {
            return .error(
                .tls,
                "\(path) is not valid before \(start.formatted(.iso8601))",
                "look at the clock, or wait"
            )
        }
        let renew = "renew it, then send the server SIGHUP"
        guard now <= end else { return .error(.tls, "\(path) was valid until \(end.formatted(.iso8601))", renew) }
        let text = "\(path) is valid until \(end.formatted(.iso8601))"
        let isNear = end.timeIntervalSince(now) < warningDays * 86_400
        return isNear ? .warning(.tls, text, renew) : .ok(.tls, text)
    }
}
