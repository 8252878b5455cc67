import Chat
import ChatProtocol
import Crypto

/// A mark of what a form was filled with, which comes back when the form is sent.
///
/// A form may be open for an hour. So that it overwrites nothing which somebody else has changed meanwhile, its mark is
/// compared, in the transaction that would save it, with the mark of what there is then.
struct Edition: Sendable, Equatable {
    /// The hidden field that has it.
    static let field = "_edition"

    let text: String

    /// - Parameter parts: what the form shows; never a secret, for the mark can be tried against guesses.
    init(_ parts: [String]) {
        var hash = SHA256()
        for part in parts {
            // With the length before it, so that no other parts make the same bytes.
            hash.update(data: Array("\(part.utf8.count):\(part)".utf8))
        }
        text = hexadecimal(Array(hash.finalize()))
    }
}

extension Form {
    /// Refuses a form that was filled with anything but what there is now.
    func demand(_ edition: Edition, _ texts: Texts) throws(ChatError) {
        guard self[Edition.field] == edition.text else { throw .changedMeanwhile(texts) }
    }
}

/// What was typed into a form that came too late, and is in it no more.
struct Unsaved: Sendable {
    let label: String
    let text: String

    /// Those of a form's fields that were sent otherwise than they are.
    static func among(_ fields: [(label: String, typed: String, present: String)]) -> [Unsaved] {
        fields.filter { $0.typed != $0.present }.map { Unsaved(label: $0.label, text: $0.typed) }
    }
}

extension String {
    /// What a browser sends of a field that was filled with this text and that nobody has touched.
    ///
    /// A field of several lines knows one way to end a line, as ``Form/raw(_:)`` does; a field of one line has no ends.
    func asSent(byLines hasLines: Bool) -> String {
        let ends: [Character] = ["\r\n", "\r", "\n"]
        return hasLines ? String(map { ends.contains($0) ? "\n" : $0 }) : filter { !ends.contains($0) }
    }
}
