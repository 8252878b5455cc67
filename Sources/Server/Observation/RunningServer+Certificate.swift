import FoundationEssentials
import Observability
import X509

extension RunningServer {
    /// Exposes until when the certificate is valid that is in the files now; to be called whenever they were read anew.
    func observeCertificate(_ files: TLSFiles) {
        guard let end = CertificateExamination.certificate(in: files)?.notValidAfter else { return }
        registry.observe(
            "rostrum_certificate_expiry_timestamp_seconds",
            help: "Until when the certificate is valid that is served, in seconds since 1970."
        ) {
            end.timeIntervalSince1970
        }
    }
}
