import AsyncAlgorithms
import Chat
import Console
import ServiceLifecycle

/// Takes down once a second what the node does, for the console's monitor.
///
/// To be started last and therefore stopped first: a listener ends when its answers have, and an open page's answer ends
/// when this does.
struct MonitorSampling: Service {
    let monitor: Monitor

    func run() async {
        // The machine's time, also where a test moves the emulator's.
        let clock = SystemClock()
        monitor.sample(at: clock.now)
        for await _ in AsyncTimerSequence(interval: .seconds(1), clock: .continuous).cancelOnGracefulShutdown() {
            monitor.sample(at: clock.now)
        }
        monitor.close()
    }
}
