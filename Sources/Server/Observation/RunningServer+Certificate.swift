import FoundationEssentials
import Observability

extension RunningServer {
    /// Exposes until when the certificate is valid that new connections are served with.
    func observe(_ certificate: ServedCertificate) {
        registry.observe(
            "rostrum_certificate_expiry_timestamp_seconds",
            help: "Until when the certificate is valid that is served, in seconds since 1970."
        ) {
            certificate.endDate.timeIntervalSince1970
        }
    }
}
