import FoundationEssentials
import RostrumTesting
import Testing

@testable import Server

/// What the machine says of itself.
@Suite struct MachineReadingsTests {
    @Test("what every machine can say is plausible")
    func plausible() throws {
        let space = try #require(MachineReadings.space(in: "/"))
        #expect(space.all >= space.free && space.all > 0)
        #expect(MachineReadings.space(in: "/no/such/directory") == nil)
        #expect(MachineReadings.size(of: "/no/such/file") == nil)
        #expect(try #require(MachineReadings.memoryLimit) > 1 << 20)
        #expect(abs(MachineReadings.seconds - Date.now.timeIntervalSince1970) < 5)
    }

    @Test("a file has its size")
    func size() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/file"
            #expect(FileManager.default.createFile(atPath: path, contents: Data(count: 4097)))
            #expect(MachineReadings.size(of: path) == 4097)
        }
    }

    @Test("how many files a process may have open is read from what the system says of it")
    func openFiles() throws {
        let text = """
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             62000                62000                processes
            Max open files            1024                 unlimited            files
            """
        let limit = try #require(MachineReadings.openFiles(inLimits: text))
        #expect((limit.soft, limit.hard) == (1024, .max))
        #expect(MachineReadings.openFiles(inLimits: "Max processes  1  1  processes") == nil)
        #expect(MachineReadings.openFiles(inLimits: "Max open files  many") == nil)
        #expect(MachineReadings.openFiles(of: -1) == nil)
    }

    @Test(
        "the group of version 2 is found among those of version 1",
        arguments: [
            ("0::/\n", "/"), ("0::/system.slice/rostrum.service\n", "/system.slice/rostrum.service"),
            ("12:cpu:/a\n1:name=systemd:/b\n0::/c\n", "/c"), ("12:memory:/a\n", nil), ("", nil),
        ] as [(String, String?)]
    )
    func group(list: String, expected: String?) {
        #expect(MachineReadings.group(inList: list) == expected)
    }
}
