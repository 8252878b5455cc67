import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the certificate again at each SIGHUP, which would end a process that did not listen for it.
struct Hangups: Service {
    private let signals: UnixSignalsSequence
    private let certificate: ServedCertificate?
    private let logger: Logger

    /// Listens from here on.
    init(certificate: ServedCertificate?, logger: Logger) async {
        signals = await UnixSignalsSequence(trapping: .sighup)
        (self.certificate, self.logger) = (certificate, logger)
    }

    func run() async {
        for await _ in signals.cancelOnGracefulShutdown() {
            guard let certificate else {
                logger.info("SIGHUP: there is no certificate to read again")
                continue
            }
            do throws(SettingError) {
                try certificate.reload()
                logger.info("SIGHUP: new connections get the certificate that the files hold now")
            } catch {
                logger.error(
                    "SIGHUP: the certificate cannot be read again, and the one of before stays",
                    metadata: ["error": .string(error.description)]
                )
            }
        }
    }
}
