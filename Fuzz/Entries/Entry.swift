/// A place where bytes from outside come in, and what must hold whatever they are.
package struct Entry: Sendable {
    /// How bytes are judged.
    package enum Judge: Sendable {
        case atOnce(@Sendable ([UInt8]) throws(Objection) -> Void)
        /// By something that waits for a storage.
        case waiting(@Sendable ([UInt8]) async throws(Objection) -> Void)
    }

    /// Also of the directory of its corpus.
    package let name: String
    package let judge: Judge

    package init(_ name: String, _ judge: @escaping @Sendable ([UInt8]) throws(Objection) -> Void) {
        (self.name, self.judge) = (name, .atOnce(judge))
    }

    package init(_ name: String, waiting judge: @escaping @Sendable ([UInt8]) async throws(Objection) -> Void) {
        (self.name, self.judge) = (name, .waiting(judge))
    }

    /// Judges bytes; what ends the process is a finding too.
    package func judge(_ bytes: [UInt8]) async throws(Objection) {
        switch judge {
        case .atOnce(let judge): try judge(bytes)
        case .waiting(let judge): try await judge(bytes)
        }
    }
}

/// What does not hold.
package struct Objection: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Finds fault unless the condition holds.
package func demand(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws(Objection) {
    guard condition else { throw Objection(otherwise()) }
}

/// What is there; a finding when nothing is.
package func demand<Value>(_ value: Value?, _ otherwise: @autoclosure () -> String) throws(Objection) -> Value {
    guard let value else { throw Objection(otherwise()) }
    return value
}

extension [UInt8] {
    /// The bytes as text, with replacements for what is no UTF-8: readers of texts are handed texts.
    package var text: String { String(decoding: self, as: UTF8.self) }
}
