import Metrics

/// Counts how signing in to the console ends on this node.
struct SignInCounters: Sendable {
    private let signedIn: Counter
    private let wrong: Counter
    private let lockedOut: Counter

    init(_ metrics: any MetricsFactory) {
        func counter(_ result: String) -> Counter {
            Counter(label: "rostrum_console_sign_ins", dimensions: [("result", result)], factory: metrics)
        }
        (signedIn, wrong, lockedOut) = (counter("signed-in"), counter("wrong"), counter("locked-out"))
    }

    func count(_ outcome: Operators.SigningIn) {
        switch outcome {
        case .signedIn: signedIn.increment()
        case .wrong: wrong.increment()
        case .lockedOut: lockedOut.increment()
        }
    }
}
