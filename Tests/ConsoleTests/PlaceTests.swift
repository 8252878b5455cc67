import Chat
import ChatProtocol
import Database
import HTTPTypes
import RostrumTesting
import Testing

/// What stands in an address for a place of a list, or for a delivery, may be anything.
@Suite struct PlaceTests {
    private static let app = "/console/apps/\(SDKAppID.example)"

    @Test(
        "what no place and no delivery can be is not found, on any storage",
        arguments: StorageEngine.enabled,
        [
            "\(app)/webhooks/log?before=1.1.%00", "\(app)/webhooks/log?before=1.x.d",
            "\(app)/webhooks/log?before=nonsense", "\(app)/webhooks/dead?before=1.%00",
            "\(app)/webhooks/dead?before=nonsense", "\(app)/webhooks/deliveries/%00",
            "\(app)/webhooks/deliveries/d%FF%00?before=1.1", "\(app)/webhooks/deliveries/d?before=1.%00",
            "\(app)/webhooks/deliveries/d?before=x", "\(app)/audit?before=1&request=%00", "\(app)/audit?before=x",
            "/console/audit?before=1&request=%00", "/console/audit?before=x", "\(app)/accounts?after=%00",
            "\(app)/accounts/administrator?owned=%00", "\(app)/accounts/administrator?before=1&channel=%00",
            "\(app)/accounts/administrator?before=x&channel=c",
        ]
    )
    func strange(engine: StorageEngine, path: String) async throws {
        try await engine.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            #expect(try await browser.get(path).status == .notFound)
        }
    }

    @Test("what no delivery can be is not sent again, on any storage", arguments: StorageEngine.enabled)
    func retry(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)
            let before = try await installation.audit().count
            for delivery in ["%00", "d%00", "%F0%9F%92%A3", "unknown"] {
                let path = "\(Self.app)/webhooks/deliveries/\(delivery)/retry"
                #expect(try await browser.post(path).status == .notFound, "\(delivery)")
            }
            #expect(try await installation.audit().count == before)
        }
    }
}
