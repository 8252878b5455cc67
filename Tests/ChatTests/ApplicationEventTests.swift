import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// What nodes hear when an application is changed, emptied or deleted.
@Suite struct ApplicationEventTests {
    @Test("an application that is emptied is told so when nothing of it is left", arguments: StorageEngine.enabled)
    func emptied(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            let heard = installation.listen()

            try await installation.applications.empty(.example, by: installation.operation())

            let lineage = installation.systems.lineage
            #expect(heard.events == [.applicationChanged(.example), .applicationEmptied(.example, lineage: lineage)])
            #expect(try await installation.timeline.followed(by: .anna, of: .example) == nil)
            #expect(try await installation.timeline.followed(by: .administrator, of: .example)?.isEmpty == true)
        }
    }

    @Test(
        "an application that is deleted is told of when it is shut and when it is gone",
        arguments: StorageEngine.enabled
    )
    func deleted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()

            try await installation.applications.delete(.example, by: installation.operation())

            #expect(heard.events == [.applicationChanged(.example), .applicationChanged(.example)])
            #expect(try await installation.applications.find(.example) == nil)
        }
    }

    @Test("an application that does not exist is told of to nobody", arguments: StorageEngine.enabled)
    func refused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let heard = installation.listen()

            let emptying = await refusal {
                try await installation.applications.empty(.other, by: installation.operation())
            }
            let deleting = await refusal {
                try await installation.applications.delete(.other, by: installation.operation())
            }

            #expect([emptying?.code, deleting?.code] == [.applicationNotFound, .applicationNotFound])
            #expect(heard.events == [])
        }
    }
}
