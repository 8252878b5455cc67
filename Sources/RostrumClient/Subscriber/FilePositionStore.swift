import ChatProtocol

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Remembers positions in a file of JSON, which is replaced as a whole with every change.
///
/// A crash leaves the file as it was before or after a change, never in between. Two sessions must not share a file.
public actor FilePositionStore: PositionStore {
    /// A file that holds something else.
    public struct Unreadable: Error, Sendable {
        /// The file.
        public let path: String
        /// What is wrong with it.
        public let problem: String
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
    public func store(_ position: ChannelPosition, of channel: String) throws {
        var positions = try positions()
        positions[channel] = position
        try write(positions)
    }

    /// Remembers nothing of the channel any more.
    public func forget(_ channel: String) throws {
        var positions = try positions()
        positions[channel] = nil
        try write(positions)
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

    private func write(_ positions: [String: ChannelPosition]) throws {
        let members = positions.sorted { $0.key < $1.key }
            .map { JSONObject.Member(name: $0.key, value: $0.value.json) }
        try Data(JSONObject(members).json).write(to: URL(filePath: path), options: .atomic)
        kept = positions
    }
}
