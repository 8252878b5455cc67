import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// How soon a change is in force: at once here, within 5 s on a node that heard nothing of it.
@Suite struct ApplicationStalenessTests {
    private func rename(_ installation: TestInstallation, to name: String) async throws {
        var change = ApplicationChange()
        change.name = name
        _ = try await installation.applications.update(.example, change, by: installation.operation())
    }

    @Test("a change through the same object is seen at once", arguments: StorageEngine.enabled)
    func ownChanges(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.find(.example)

            try await rename(installation, to: "New")

            let found = try await installation.applications.find(.example)
            #expect(found?.name == "New")
        }
    }

    @Test("a change that the bus tells of is seen at once", arguments: StorageEngine.enabled)
    func toldChanges(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.find(.example)

            try await rename(installation.anotherNode(), to: "New")
            installation.bus.publish(.applicationChanged(.example))

            let found = try await installation.applications.find(.example)
            #expect(found?.name == "New")
        }
    }

    @Test("a change that nobody tells of is seen 5 s later", arguments: StorageEngine.enabled)
    func untoldChanges(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.find(.example)

            try await rename(installation.anotherNode(), to: "New")
            installation.clock.advance(seconds: 5)

            let found = try await installation.applications.find(.example)
            #expect(found?.name == "New")
        }
    }

    @Test("being asked often does not make an answer live longer", arguments: StorageEngine.enabled)
    func askedOften(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.find(.example)
            try await rename(installation.anotherNode(), to: "New")

            for _ in 0..<5 {
                installation.clock.advance(seconds: 1)
                _ = try await installation.applications.find(.example)
            }

            let found = try await installation.applications.find(.example)
            #expect(found?.name == "New")
        }
    }

    @Test("a new application is found at once, though it was just looked for in vain", arguments: StorageEngine.enabled)
    func notFoundIsNotKept(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let before = try await installation.applications.find(.other)
            let other = installation.anotherNode()
            _ = try await other.applications.create(.example(id: .other), by: other.operation())

            let after = try await installation.applications.find(.other)
            #expect(before == nil)
            #expect(after != nil)
        }
    }

    @Test("an application that another node deleted is gone 5 s later", arguments: StorageEngine.enabled)
    func untoldDeletion(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.find(.example)

            try await installation.anotherNode().applications.delete(.example, by: installation.operation())
            installation.clock.advance(seconds: 5)

            let found = try await installation.applications.find(.example)
            #expect(found == nil)
        }
    }

    @Test("what was loaded before a change was told is not kept after it", arguments: StorageEngine.enabled)
    func loadedBeforeTheChange(engine: StorageEngine) async throws {
        try await engine.withHeldReads { node, other, reads in
            let read = reads.holdNext()
            async let meanwhile = node.applications.find(.example)
            await read.waitUntilBegun()
            try await rename(other, to: "New")
            node.bus.publish(.applicationChanged(.example))
            read.goOn()

            let before = try await meanwhile
            let after = try await node.applications.find(.example)
            #expect(before?.name == "Harbour", "it saw the storage as it was before the change")
            #expect(after?.name == "New")
        }
    }

    @Test("a clock that is set back does not keep an old answer alive", arguments: StorageEngine.enabled)
    func clockSetBack(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.find(.example)
            try await rename(installation.anotherNode(), to: "New")

            installation.clock.advance(seconds: -86_400)

            let found = try await installation.applications.find(.example)
            #expect(found?.name == "New")
        }
    }
}
