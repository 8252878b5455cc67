/// Finds out whether an object under way already has a member of some name.
///
/// Few members are compared one by one, which needs no memory; many go into a set, so that an
/// object of 100,000 members costs linear time. The set's hash is seeded anew in every process.
struct JSONMemberNames {
    private static let mostComparedSingly = 16

    /// Empty until there are more members than are compared singly.
    private var names: Set<ExactName> = []

    /// Notes `name`, which is to follow `members`.
    ///
    /// - Returns: false if one of `members` is called that.
    mutating func admit(_ name: String, after members: [JSONObject.Member]) -> Bool {
        if members.count <= Self.mostComparedSingly {
            return !members.contains { $0.name.hasSameBytes(as: name) }
        }
        if names.isEmpty {
            names.reserveCapacity(2 * members.count)
            for member in members { names.insert(ExactName(name: member.name)) }
        }
        return names.insert(ExactName(name: name)).inserted
    }
}

/// A name that equals another only byte for byte.
private struct ExactName: Hashable {
    let name: String

    static func == (one: ExactName, other: ExactName) -> Bool {
        one.name.hasSameBytes(as: other.name)
    }

    func hash(into hasher: inout Hasher) {
        var name = name
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
