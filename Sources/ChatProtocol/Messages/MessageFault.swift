/// What is wrong with a message, and where.
package struct MessageFault: Error, Equatable, Sendable {
    /// The path to the fault, such as `MsgBody[2].MsgContent.ImageInfoArray[0].URL`; empty for the value itself.
    package let place: String
    /// What it must be and is not, to be read after the place.
    package let problem: String

    package init(place: String, problem: String) {
        (self.place, self.problem) = (place, problem)
    }

    /// What the caller reads in `ErrorInfo`.
    ///
    /// One plain sentence: "MsgBody[2].MsgContent.Text must be a string; it is a number."
    package var info: String { "\(place) \(problem)." }

    /// The same fault, seen from around the object or item at `outer`.
    func inside(_ outer: String) -> MessageFault {
        MessageFault(place: place.isEmpty ? outer : "\(outer).\(place)", problem: problem)
    }
}

extension MessageFault {
    static func missing(at place: String, rule: String) -> MessageFault {
        .init(place: place, problem: "is missing; it must be \(rule)")
    }

    static func wrong(_ value: JSONValue, at place: String, rule: String) -> MessageFault {
        .init(place: place, problem: "must be \(rule); it is \(value.measuredKind)")
    }
}
