package import Chat
package import ChatProtocol

extension Applications {
    /// Every application, by number, as the storage has it now.
    package func all() async throws(ChatError) -> [Application] {
        var all: [Application] = []
        for id in try await ids() {
            if let application = try await load(id) { all.append(application) }
        }
        return all
    }
}
