import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a server says whose disk has damaged its data while it runs.
@Suite("Damage")
struct DamageTests {
    private static let text = String(repeating: "y", count: 6000)
    private static let history = "official_account_open_http_svc/official_account_msg_get_simple"
    private static let asking = #"{"Official_Account":"@TOA#_news","ReqMsgNumber":20}"#
    private static let sending = #"""
        {"Official_Account":"@TOA#_news","Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"\#(text)"}}]}
        """#

    /// Changes one bit in the middle of the text, in the log of the open database.
    private func damageText(in directory: String) throws {
        let path = "\(directory)/rostrum.db-wal"
        let log = try Data(contentsOf: URL(filePath: path))
        let found = try #require(log.firstRange(of: Data(Self.text.utf8.prefix(3000))))
        let file = open(path, O_RDWR)
        defer { close(file) }
        let place = found.lowerBound + 1500
        var byte = log[place] ^ 1
        try #require(pwrite(file, &byte, 1, place) == 1)
    }

    @Test("what is damaged is not served, nothing is written any more, and the server says which file it is")
    func damagedLog() async throws {
        try await ServedApplication.with { application in
            try await withServer(application.serving) { server in
                let (file, signatory) = ("\(application.directory)/rostrum.db-wal: frame", application.signatory)
                let admin = try await RawConnection.open(port: try #require(server.adminPort))
                let created = try await server.call(Command.create, Command.creating("@TOA#_news"), as: signatory)
                #expect(created.ErrorCode == 0)
                #expect(try await server.call(Command.send, Self.sending, as: signatory).ErrorCode == 0)
                #expect(try await admin.exchange("GET", "/metrics").text.contains("\nrostrum_storage_damaged 0\n"))

                try damageText(in: application.directory)
                let read = try await server.call(Self.history, Self.asking, as: signatory)

                #expect(read.ErrorCode == 10002)
                let renamed = Command.renaming("@TOA#_news", to: "Other")
                #expect(try await server.call(Command.modify, renamed, as: signatory).ErrorCode == 20005)
                let known = try await server.call(Command.info, Command.asking(for: ["@TOA#_news"]), as: signatory)
                #expect(known.ErrorCode == 0)
                let ready = try await admin.exchange("GET", "/readyz")
                #expect(ready.status == 503 && ready.text.contains(#""storage":"damaged""#))
                #expect(ready.text.contains(file))
                let toAnyone = try await server.request("GET", "/readyz")
                #expect(toAnyone.status == 503 && !toAnyone.text.contains(application.directory))
                #expect(try await admin.exchange("GET", "/metrics").text.contains("\nrostrum_storage_damaged 1\n"))
                #expect(
                    server.standardError.split(separator: "\n").count { line in
                        line.contains("the storage is damaged") && line.contains(file)
                    } == 1
                )
            }
        }
    }
}
