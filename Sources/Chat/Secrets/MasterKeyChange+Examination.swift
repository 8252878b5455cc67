package import ChatProtocol
import Database

extension MasterKeyChange {
    /// The secrets that no key opens: how many there are, and where the first of them belong.
    private struct Closed {
        private static let mostNamed = 20

        private(set) var count = 0
        private var named: [String] = []

        mutating func add(_ places: [String]) {
            count += places.count
            named += places.prefix(Self.mostNamed - named.count)
        }

        var text: String {
            let rest = count - named.count
            return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more, \(count) in all" : "")
        }
    }

    /// Opens every secret, and changes nothing.
    ///
    /// - Throws: an internal fault when the storage is sealed under none of the keys, or one of its secrets is; that
    ///   names the places of the first of these and says what can be done.
    package func examine() async throws(ChatError) {
        var closed = Closed()
        closed.add(
            try await database.read { tx throws(ChatError) in
                _ = try secrets.storageKey(in: tx)
                return try closedSecondFactors(in: tx)
            }
        )
        var last: Int64 = 0
        while true {
            let ids = try await applications(after: last)
            guard let newLast = ids.last else { break }
            last = newLast.rawValue
            closed.add(
                try await database.read { tx throws(ChatError) in
                    var places: [String] = []
                    for id in ids {
                        places += try sealed(of: id, in: tx).filter { !secrets.opens($0.bytes, for: $0.place) }
                            .map(\.place)
                    }
                    return places
                }
            )
        }
        guard closed.count == 0 else {
            throw .internalFault(
                DatabaseError(
                    .corrupt,
                    """
                    the master key is not changed, and nothing was: these secrets do not open under any key that was \
                    given: \(closed.text). Put the key that they are sealed under behind the present one; where it is \
                    lost, delete what they belong to: `rostrum app delete SDKAPPID`, or for operators/NAME \
                    `rostrum operator remove-second-factor NAME`
                    """
                )
            )
        }
    }

    private func closedSecondFactors(in tx: any Transaction) throws(ChatError) -> [String] {
        var places: [String] = []
        for found in try OperatorTable.all(in: tx) {
            let sealed = try OperatorTable.credentials(of: found.name, in: tx)?.secondFactor
            let place = SecretPlace.secondFactor(found.name)
            if let sealed, !secrets.opens(sealed, for: place) { places.append(place) }
        }
        return places
    }
}
