import FoundationEssentials
import RostrumTesting
import Testing

/// The files that browsers load: the JavaScript SDK from every server, the demo page from the emulator.
@Suite("Web files")
struct WebFileTests {
    static let sdk = [
        ("/sdk/rostrum.js", "SDK/rostrum.js", "text/javascript; charset=utf-8"),
        ("/sdk/rostrum.d.ts", "SDK/rostrum.d.ts", "application/typescript; charset=utf-8"),
    ]
    static let demo = [
        ("/demo", "Demo/demo.html", "text/html; charset=utf-8"),
        ("/demo/", "Demo/demo.html", "text/html; charset=utf-8"),
        ("/demo/demo.css", "Demo/demo.css", "text/css; charset=utf-8"),
        ("/demo/demo.js", "Demo/demo.js", "text/javascript; charset=utf-8"),
    ]

    private static func source(_ name: String) throws -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        return try String(contentsOf: URL(filePath: "\(root)/Sources/Web/\(name)"), encoding: .utf8)
    }

    @Test("the emulator serves all of them, byte by byte")
    func emulator() async throws {
        try await withServer { server in
            for (path, name, contentType) in Self.sdk + Self.demo {
                let reply = try await server.request("GET", "\(path)?x=1")
                #expect(reply.status == 200, "\(path)")
                #expect(try reply.text == Self.source(name), "\(path)")
                #expect(reply["content-type"] == contentType)
                #expect(reply["cache-control"] == "no-cache")
                #expect(reply["x-content-type-options"] == "nosniff")

                let head = try await server.request("HEAD", path)
                #expect(head.status == 200)
                #expect(head.text.isEmpty)
                #expect(head["content-length"] == "\(reply.text.utf8.count)")
            }
        }
    }

    @Test("a production server has the SDK and no demo, nor the settings of one")
    func production() async throws {
        try await ServedApplication.with { application in
            try await withServer(application.serving) { server in
                for (path, name, _) in Self.sdk {
                    #expect(try await server.request("GET", path).text == Self.source(name))
                }
                for path in Self.demo.map(\.0) + ["/demo/settings.json"] {
                    let reply = try await server.request("GET", path)
                    #expect(try reply.decoded(as: CallReply.self).ErrorCode == 60009, "\(path)")
                }
            }
        }
    }

    @Test("the emulator serves the documentation, and a production server says where it is")
    func documentation() async throws {
        try await withServer { server in
            for path in ["/docs", "/docs/", "/docs/quick-start?x=1", "/docs/commands/kick"] {
                let reply = try await server.request("GET", path)
                #expect(reply.status == 200 && reply.text.contains("<article>"), "\(path)")
                #expect(reply["content-type"] == "text/html; charset=utf-8")
                #expect(try #require(reply["content-security-policy"]).contains("default-src 'none'"))
                let tag = try #require(reply["etag"])
                #expect(try await server.request("GET", path, headers: [("If-None-Match", tag)]).status == 304)
            }
            let missing = try await server.request("GET", "/docs/nothing")
            #expect(missing.status == 404 && missing.text.contains("No such page"))
            #expect(try await server.request("POST", "/docs", body: "{}").status == 404)
        }
        try await ServedApplication.with { application in
            try await withServer(application.serving) { server in
                for path in ["/docs", "/docs/quick-start", "/docs/docs.css"] {
                    let reply = try await server.request("GET", path)
                    #expect(reply.status == 404)
                    #expect(try reply.decoded(as: CallReply.self).ErrorCode == 60009, "\(path)")
                }
            }
        }
    }

    @Test("any page may load the SDK; the demo loads and reaches this server only, and cannot be framed")
    func origins() async throws {
        try await withServer { server in
            for (path, _, _) in Self.sdk {
                let reply = try await server.request("GET", path, headers: [("Origin", "https://app.example")])
                #expect(reply["access-control-allow-origin"] == "*")
            }
            for (path, _, _) in Self.demo {
                let reply = try await server.request("GET", path)
                #expect(reply["access-control-allow-origin"] == nil)
                let policy = try #require(reply["content-security-policy"])
                for rule in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
                {
                    #expect(policy.contains(rule))
                }
                #expect(!policy.contains("unsafe"))
                #expect(reply["referrer-policy"] == "no-referrer")
            }
        }
    }

    @Test("who has a file is told that it is the same, and only then")
    func entityTags() async throws {
        try await withServer { server in
            for (path, _, _) in Self.sdk + Self.demo {
                let tag = try #require(try await server.request("GET", path)["etag"])
                #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count == 18)

                for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                    let reply = try await server.request("GET", path, headers: [("If-None-Match", known)])
                    #expect(reply.status == 304, "\(known)")
                    #expect(reply.text.isEmpty)
                    #expect(reply["etag"] == tag)
                }
                for other in ["\"other\"", "", String(tag.dropFirst())] {
                    let reply = try await server.request("GET", path, headers: [("If-None-Match", other)])
                    #expect(reply.status == 200, "\(other)")
                }
            }
            var tags: Set<String?> = []
            for path in ["/sdk/rostrum.js", "/sdk/rostrum.d.ts", "/demo", "/demo/demo.js"] {
                tags.insert(try await server.request("GET", path)["etag"])
            }
            #expect(tags.count == 4)
        }
    }

    @Test("other methods and other names are the API's affair", arguments: ["POST", "PUT", "DELETE"])
    func otherMethods(method: String) async throws {
        try await withServer { server in
            for path in ["/sdk/rostrum.js", "/demo"] {
                let reply = try await server.request(method, path, body: "{}")
                #expect(try reply.decoded(as: CallReply.self).ErrorCode == 60009)
            }
            for path in ["/sdk/", "/sdk/../sdk/rostrum.js", "/sdk/rostrum.ts", "/demo/index.html", "/demo/demo.js/"] {
                #expect(try await server.request("GET", path).decoded(as: CallReply.self).ErrorCode == 60009, "\(path)")
            }
        }
    }

    @Test("the demo's settings are for this machine's own pages")
    func settings() async throws {
        try await withServer { server in
            let reply = try await server.request("GET", "/demo/settings.json")
            #expect(reply.text.contains(#""sdkAppID":88888888"#))
            #expect(reply["cache-control"] == "no-store")
            #expect(reply["access-control-allow-origin"] == nil)

            for header in [("Origin", "https://evil.example"), ("X-Forwarded-For", "127.0.0.1")] {
                let refused = try await server.request("GET", "/demo/settings.json", headers: [header])
                #expect(refused.status == 403, "\(header)")
                #expect(!refused.text.contains("key"), "\(header)")
            }
        }
    }
}
