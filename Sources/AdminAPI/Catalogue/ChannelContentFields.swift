import Chat
import ChatProtocol

/// The content of a message: `MsgBody`.
///
/// What exactly is wrong with one that breaks the rules is said by ``MessageFault``.
struct MessageBodyField: Field {
    let name = "MsgBody"
    let isRequired = true

    var rule: String {
        let types = MessageElementType.allCases.map(\.rawValue).joined(separator: ", ")
        return """
            an array of message elements: \(types); at most one TIMCustomElem; with CloudCustomData at \
            most \(Plan.enterprise.limits[.messageBytes]) bytes of JSON, unless set otherwise (80002)
            """
    }

    var schema: JSONSchema { .array(of: .messageElement, count: 1...Int.max) }

    func read(_ value: JSONValue) -> MessageBody? {
        guard case .array(let elements) = value else { return nil }
        return try? MessageBody(elements)
    }

    func fault(in value: JSONValue) -> MessageFault? {
        guard case .array(let elements) = value else { return nil }
        do throws(MessageFault) {
            _ = try MessageBody(elements)
            return nil
        } catch {
            return error
        }
    }
}

/// How a message is pushed to devices that are not connected: `OfflinePushInfo`.
struct OfflinePushInfoField: Field {
    let name = "OfflinePushInfo"
    let isRequired = false

    var rule: String { "an object; of its members PushFlag is 0 or 1, and Title, Desc and Ext are strings" }
    var schema: JSONSchema { OfflinePushInfo.schema }

    func read(_ value: JSONValue) -> OfflinePushInfo? {
        guard case .object(let object) = value else { return nil }
        return try? OfflinePushInfo(object)
    }

    func fault(in value: JSONValue) -> MessageFault? {
        guard case .object(let object) = value else { return nil }
        do throws(MessageFault) {
            _ = try OfflinePushInfo(object)
            return nil
        } catch {
            return error
        }
    }
}

/// One word of a few, in a list.
struct WordField<Word: RawRepresentable<String> & CaseIterable & Sendable>: Field {
    let name: String
    let isRequired = false

    init(_ name: String, of words: Word.Type) {
        self.name = name
    }

    var rule: String { Word.allCases.map(\.rawValue).joined(separator: " or ") }
    var schema: JSONSchema { .words(Word.allCases.map(\.rawValue)) }

    func read(_ value: JSONValue) -> Word? {
        guard case .string(let text) = value else { return nil }
        return Word(rawValue: text)
    }
}

/// The key of a message, as sending it returned.
struct MessageKeyField: Field {
    let name: String
    let isRequired: Bool

    init(_ name: String, required: Bool = false) {
        (self.name, isRequired) = (name, required)
    }

    var rule: String {
        let form = "a string: a MsgKey such as 71_1_1767229200"
        return isRequired ? form : form + "; an empty one counts as left out"
    }

    var schema: JSONSchema {
        isRequired
            ? .string(length: 1...MessageKey.longest, pattern: MessageKey.pattern)
            : .string(length: 0...MessageKey.longest, pattern: "^$|" + MessageKey.pattern)
    }

    func isAbsent(_ value: JSONValue) -> Bool { value == .string("") && !isRequired }

    func read(_ value: JSONValue) -> MessageKey? {
        guard case .string(let text) = value else { return nil }
        return MessageKey(rawValue: text)
    }
}

/// Where a page begins: what the page before gave as `Next`; empty or left out for the first.
struct CursorField: Field {
    let name: String
    let isRequired = false

    init(_ name: String) {
        self.name = name
    }

    var rule: String { "a string: the Next of the page before; an empty one counts as left out" }
    var schema: JSONSchema { .string(length: 0...SubscriberCursor.longest) }

    func isAbsent(_ value: JSONValue) -> Bool { value == .string("") }

    func read(_ value: JSONValue) -> SubscriberCursor? {
        guard case .string(let text) = value else { return nil }
        return SubscriberCursor(text)
    }
}
