/// What went wrong in a storage engine, told in the engine's own words for the operator's log.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        /// Another process held the lock for longer than we wait.
        case busy
        /// A uniqueness or check constraint refused the statement.
        case constraint
        /// The contents cannot be trusted.
        case corrupt
        /// No room left on the disk.
        case full
        /// The storage was written by a newer version of Rostrum.
        case newer
        /// The storage has the schema of an older version of Rostrum, which a server of this one brings up to date.
        case older
        /// The storage may be read but not written.
        case readOnly
        /// A statement that the engine does not accept: a fault of ours.
        case statement
        /// The storage cannot be opened or reached, or failed to read or write.
        case unavailable
        /// The answer to a commit was lost, and what was written may be there or not.
        ///
        /// With every other kind it is not, for anyone who asks. A commit whose sync failed (`unavailable`) is undone for
        /// good by the next one; if the process dies before that, the next process may find it done, for the kernel may
        /// have written what it could not sync.
        case uncertain
    }

    package let kind: Kind
    /// What happened, with the file or host concerned; never a bound value.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        (self.kind, self.message) = (kind, message)
    }

    package var description: String { message }
}
