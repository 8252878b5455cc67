import ChatProtocol

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Android)
import Android
#elseif canImport(Darwin)
import Darwin
#endif

/// Remembers positions in a file of JSON, which is replaced as a whole with every change.
///
/// A crash of the program leaves the file as it was before or after a change, never in between; the machine's may take
/// the last changes with it as well, and then their events come once more. Each change waits for the disk. Two sessions
/// must not share a file.
public actor FilePositionStore: PositionStore {
    /// A file that holds something else, damaged perhaps.
    ///
    /// A session ends with it at once, as ``SessionEnd/positionStore(_:)``, and would again. Removing the file mends
    /// that: the next session begins anew, with ``SubscriberEvent/reloadNeeded(channel:)`` for each channel.
    public struct Unreadable: Error, Sendable, CustomStringConvertible {
        /// The file.
        public let path: String
        /// What is wrong with it.
        public let problem: String

        /// One line for a log, which says how to mend it.
        public var description: String {
            "\(path) holds no positions (\(problem)); remove it, and the next session begins without any"
        }
    }

    /// A file that could not be replaced.
    public struct Unwritable: Error, Sendable, CustomStringConvertible {
        /// The file.
        public let path: String
        /// What the system says.
        public let problem: String

        /// One line for a log.
        public var description: String { "cannot write \(path): \(problem)" }
    }

    private let path: String
    private var kept: [String: ChannelPosition]?

    /// - Parameter path: the file; made with the first position, in a directory that is there.
    public init(path: String) {
        self.path = path
    }

    /// Everything that the file holds; nothing when there is none.
    ///
    /// - Throws: ``Unreadable``, or what the file system throws.
    public func positions() throws -> [String: ChannelPosition] {
        if let kept { return kept }
        guard FileManager.default.fileExists(atPath: path) else {
            kept = [:]
            return [:]
        }
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let positions = try read(bytes)
        kept = positions
        return positions
    }

    /// Remembers a position.
    ///
    /// - Throws: ``Unreadable`` or ``Unwritable``.
    public func store(_ position: ChannelPosition, of channel: String) throws {
        var positions = try positions()
        positions[channel] = position
        try save(positions)
    }

    /// Remembers nothing of the channel any more.
    public func forget(_ channel: String) throws {
        var positions = try positions()
        positions[channel] = nil
        try save(positions)
    }

    private func read(_ bytes: [UInt8]) throws(Unreadable) -> [String: ChannelPosition] {
        do {
            return try WireObject(try JSONValue(parsing: bytes), place: "").members { (position) throws(WireFault) in
                try ChannelPosition(position)
            }
        } catch let error as JSONError {
            throw Unreadable(path: path, problem: "no JSON: \(error.reason) at byte \(error.offset)")
        } catch let fault as WireFault {
            throw Unreadable(path: path, problem: fault.problem)
        } catch {
            throw Unreadable(path: path, problem: "\(error)")
        }
    }

    private func save(_ positions: [String: ChannelPosition]) throws {
        let members = positions.sorted { $0.key < $1.key }
            .map { JSONObject.Member(name: $0.key, value: $0.value.json) }
        try replace(with: JSONObject(members).json)
        kept = positions
    }

    /// Puts the bytes in the place of the file once the disk has them; else a machine that fails could leave it empty.
    private func replace(with bytes: [UInt8]) throws(Unwritable) {
        let draft = "\(path).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Unwritable(path: path, problem: String(cString: strerror(errno))) }
        let isWritten = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        let failure = errno
        close(file)
        guard isWritten, rename(draft, path) == 0 else {
            let problem = String(cString: strerror(isWritten ? errno : failure))
            unlink(draft)
            throw Unwritable(path: path, problem: problem)
        }
    }
}
