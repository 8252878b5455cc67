import Chat
import ChatProtocol
import Database
import HTTPTypes
import RostrumTesting
import Testing

/// Accounts are imported, one by a form and many from a CSV text.
@Suite struct AccountImportPagesTests {
    private static let path = "/console/apps/\(SDKAppID.example)/accounts"

    private func account(_ name: String, in installation: TestInstallation) async throws -> Account? {
        try await installation.accounts.find(UserID(name), of: .example)
    }

    @Test("one account is imported; what is left empty stays as it is")
    func one() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)

            let reply = try await browser.post(Self.path, ["id": " anna ", "nick": "Anna", "face": "a.png"])
            _ = try await browser.post(Self.path, ["id": "anna", "nick": "", "face": "b.png"])

            #expect(reply.headers[.location] == "\(Self.path)/anna?done=accountImported")
            let anna = try await account("anna", in: installation)
            #expect(anna?.nick == "Anna" && anna?.faceURL == "b.png")
            let refused = try await browser.post(Self.path, ["id": "@TOA#x", "nick": "Kept", "face": ""])
            #expect(refused.status == .unprocessableContent)
            #expect(refused.has("A UserID must be", #"value="@TOA#x""#, #"value="Kept""#))
        }
    }

    @Test("pasted rows are imported, and those that are refused are shown with line and reason")
    func pasted() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.setLimits([.accounts: 4])
            let browser = try await Browser(installation, as: .operator)
            let long = String(repeating: "n", count: 501)
            let rows = """
                UserID,Nick,FaceUrl
                anna,"Anna ""A"", x",a.png

                @TGS#1,Group
                carl,\(long)
                dora,D"ora
                a,b,c,d
                <b>bold</b>
                bob
                eve
                fred
                """

            let page = try await browser.post("\(Self.path)-import", ["rows": rows])

            #expect(page.status == .ok && page.has("3 imported, 6 refused"))
            let refused = page.text.matches(of: /<td class="number">(\d+)<\/td><td class="wrap">([^<]*)</)
                .map { "\($0.1) \($0.2)" }
            #expect(refused == ["4 @TGS#1", "5 carl", "6 ", "7 a", "8 &lt;b&gt;bold&lt;/b&gt;", "11 fred"])
            #expect(page.has("at most 500 bytes", "A quotation mark", "at most three columns", "all 4 accounts"))
            #expect(try await account("anna", in: installation)?.nick == #"Anna "A", x"#)
            #expect(try await account("eve", in: installation) != nil)
        }
    }

    @Test("the script is told in JSON, by the lines of the whole file")
    func script() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)
            // A header is one at the beginning of a file only.
            let form = ["rows": "userid\nanna,Anna\n", "line": "101", "answer": "json"]

            let reply = try await browser.post("\(Self.path)-import", form)

            #expect(reply.headers[.contentType] == "application/json")
            #expect(reply.text == #"{"imported":2,"refusedCount":0,"refused":[]}"#)
            let refused = try await browser.post(
                "\(Self.path)-import",
                ["rows": "ok1\r\nno no\r\n", "line": "201", "answer": "json"]
            )
            #expect(
                refused.has(
                    #"{"imported":1,"refusedCount":1,"refused":[{"line":202,"name":"no no","reason":"Something in the form is not allowed. A UserID must be"#
                )
            )
        }
    }

    @Test("a header may stand behind empty lines; in another order it is refused, for it would swap columns")
    func header() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)
            func send(_ rows: String) async throws -> String {
                try await browser.post("\(Self.path)-import", ["rows": rows, "answer": "json"]).text
            }
            #expect(try await send("\n\r\nUserID, Nick\nanna,Anna").hasPrefix(#"{"imported":1,"refusedCount":0"#))
            let swapped = try await send("userid,faceurl,nick\nbob,https://img.example/b.png,Bob")
            #expect(swapped.contains(#"{"imported":0,"refusedCount":0"#) && swapped.contains("in another order"))
            #expect(try await account("bob", in: installation) == nil)
            #expect(try await account("userid", in: installation) == nil)
        }
    }

    @Test("a name that is refused twice is shown twice, and an import without an admin is refused whole")
    func edges() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.setLimits([.accounts: 1])
            let browser = try await Browser(installation, as: .operator)
            let form = ["rows": "x\nx\nadministrator\nx", "answer": "json"]
            let reply = try await browser.post("\(Self.path)-import", form)
            let lines = reply.text.matches(of: /"line":(\d+)/).map { String($0.1) }
            #expect(reply.has(#""imported":1"#) && lines == ["1", "2", "4"])

            let admin = installation.applications
            _ = try await admin.removeAdmin(.administrator, from: .example, by: installation.operation())
            let refused = try await browser.post("\(Self.path)-import", form)
            #expect(
                refused.status == .unprocessableContent
                    && refused.has(#"{"imported":0,"refusedCount":0"#, #""problem":"#, "no admin")
            )
        }
    }

    @Test("more rows than one transaction takes are all imported, whatever line the sender says")
    func many() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)
            let rows = (0..<250).map { "user\($0)" }.joined(separator: "\n")

            let reply = try await browser.post(
                "\(Self.path)-import",
                ["rows": rows, "line": "9223372036854775807", "answer": "json"]
            )

            #expect(reply.has(#""imported":250"#))
            #expect(try await installation.applications.usage(of: .example).accounts == 251)
        }
    }

    @Test("of more rows than are taken at once none is imported, and of many refused ones the first are told")
    func most() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)
            func rows(_ count: Int, _ name: String) -> String {
                (0..<count).map { "\(name)\($0)" }.joined(separator: "\n")
            }
            let page = try await browser.get("\(Self.path)-import")
            #expect(page.has("Up to 1,000 rows at once."))
            let many = try await browser.post("\(Self.path)-import", ["rows": rows(1001, "u")])
            #expect(many.status == .unprocessableContent && many.has("At most 1,000 rows", "u1000"))
            #expect(try await installation.applications.usage(of: .example).accounts == 1)

            let form = ["rows": rows(1000, "no no"), "answer": "json"]
            let told = try await browser.post("\(Self.path)-import", form)
            #expect(told.has(#""imported":0,"refusedCount":1000"#))
            #expect(told.text.matches(of: /"line":/).count == 500)
        }
    }

    @Test("when the storage fails on the way, what was imported and refused before is told")
    func partly() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let installation = TestInstallation(database: faulty)
            _ = try await installation.applications.create(.example(), by: installation.operation())
            let browser = try await Browser(installation, as: .operator)
            let rows = (["no no"] + (0..<250).map { "user\($0)" }).joined(separator: "\n")
            faulty.failWrites(after: 2, with: DatabaseError(.busy, "held"))

            let page = try await browser.post("\(Self.path)-import", ["rows": rows])

            #expect(page.status == .internalServerError)
            #expect(page.has("ended on the way: 200 imported, 1 refused", "no no</td>", "user249"))
            let told = try await browser.post("\(Self.path)-import", ["rows": rows, "answer": "json"])
            #expect(told.status == .internalServerError)
            #expect(told.has(#"{"imported":0,"refusedCount":1"#, #""problem":"#))
        }
    }
}
