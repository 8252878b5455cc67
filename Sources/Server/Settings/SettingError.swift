/// A setting that cannot be used: its name, and what is allowed.
package struct SettingError: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let explanation: String

    package init(_ name: String, _ explanation: String) {
        (self.name, self.explanation) = (name, explanation)
    }

    package var description: String { "\(name): \(explanation)" }
}
