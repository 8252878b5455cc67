import Chat
import RostrumTesting
import Synchronization
import Testing
import WebhookDelivery

/// Posting to backends that behave and to backends that do not.
@Suite struct HTTPWebhookSenderTests {
    private static func url(_ receiver: Receiver, _ path: String = "/hook") -> String {
        "http://127.0.0.1:\(receiver.port)\(path)"
    }

    @Test(
        "a reply comes back as it was sent, whatever it is",
        arguments: [
            (200, #"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}"#), (200, "\u{1}not json"), (200, ""),
            (404, "no such page"), (500, "sorry"), (503, ""), (200, String(repeating: "x", count: 65_536)),
        ]
    )
    func replies(status: Int, body: String) async throws {
        try await Receiver.listening(Receiver.reply(status, body)) { receiver in
            await HTTPWebhookSender.running { sender in
                #expect(await sender.post(.example(Self.url(receiver))) == .replied(status, body))
            }
        }
    }

    @Test("the target, the headers and the body arrive exactly")
    func exactRequest() async throws {
        let path =
            "/a%20b/hook?SdkAppid=1400000000&CallbackCommand=Official.CallbackAfter%2BX&ClientIP=127.0.0.1"
            + "&OptPlatform=RESTAPI&Sign=17773bc3&RequestTime=1669872112"
        let body = Array(#"{"a":"é\u0000"}"#.utf8) + [0x00, 0x0D, 0x0A, 0xFF]
        let headers: [WebhookRequest.Header] = [
            .init("Content-Type", "application/json"), .init("X-Rostrum-Delivery", "d-1"),
            .init("X-Rostrum-Signature", "v1=00ff"),
        ]
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running { sender in
                _ = await sender.post(
                    WebhookRequest(application: .example, url: Self.url(receiver, path), headers: headers, body: body)
                )
            }

            let request = try #require(receiver.record.requests.first)
            #expect(request.lines.first == "POST \(path) HTTP/1.1")
            #expect(
                request.lines.dropFirst().sorted() == [
                    "Content-Length: \(body.count)", "Content-Type: application/json", "X-Rostrum-Delivery: d-1",
                    "X-Rostrum-Signature: v1=00ff", "host: 127.0.0.1:\(receiver.port)",
                ]
            )
            #expect(request.body == body)
        }
    }

    @Test("connections are kept and used again")
    func reuse() async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running { sender in
                for _ in 0..<5 { #expect(await sender.post(.example(Self.url(receiver))) == .replied(200, "{}")) }
            }

            #expect(receiver.record.requests.count == 5)
            #expect(receiver.record.connections == 1)
        }
    }

    @Test("a backend that hangs keeps no other application waiting, though they share its host and port")
    func sharedHost() async throws {
        let mood: Receiver.Script = { channel, request in
            guard !request.lines[0].contains("/hanging") else { return Receiver.nothing(channel, request) }
            Receiver.reply(200, "{}")(channel, request)
        }
        try await Receiver.listening(mood) { receiver in
            await HTTPWebhookSender.running { sender in
                await withTaskGroup { posts in
                    // More than an application has connections to one host.
                    for _ in 0..<80 {
                        posts.addTask { _ = await sender.post(.example(Self.url(receiver, "/hanging"))) }
                    }
                    try? await waitUntil("all connections hang") { receiver.record.connections >= 64 }

                    let other = await sender.post(.example(Self.url(receiver, "/prompt"), of: .other))

                    #expect(other == .replied(200, "{}"))
                    posts.cancelAll()
                }
            }
        }
    }

    @Test("a name costs one lookup, not one a delivery")
    func lookups() async throws {
        let lookups = Counter()
        let began = ContinuousClock.now
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running(lookUp: {
                lookups.add(1)
                return HostAddresses.lookUp($0)
            }) { sender in
                for _ in 0..<20 { _ = await sender.post(.example("http://localhost:\(receiver.port)/")) }
            }

            #expect(receiver.record.requests.count == 20)
            // One more for each 5 s that this took, for then a verdict expires.
            #expect(lookups.value <= 1 + Int((ContinuousClock.now - began) / .seconds(5)))
        }
    }

    @Test(
        "a redirect is a reply, and where it leads is not called",
        arguments: [301, 302, 303, 307, 308]
    )
    func redirects(status: Int) async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { target in
            let location = "Location: \(Self.url(target))\r\n"
            try await Receiver.listening(Receiver.reply(status, "", headers: location)) { receiver in
                await HTTPWebhookSender.running { sender in
                    #expect(await sender.post(.example(Self.url(receiver))) == .replied(status, ""))
                }
            }

            #expect(target.record.connections == 0)
        }
    }

    @Test(
        "a reply that is not complete within 2 s has timed out",
        arguments: [
            ("silence", Receiver.nothing),
            ("half a head", Receiver.raw("HTTP/1.1 200 OK\r\nContent-")),
            ("a head without its body", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")),
            ("a byte a second", Receiver.drip),
            ("nothing final", Receiver.raw("HTTP/1.1 103 Early Hints\r\n\r\n")),
        ]
    )
    func timeouts(name: String, script: @escaping Receiver.Script) async throws {
        try await Receiver.listening(script) { receiver in
            await HTTPWebhookSender.running(timeout: WebhookRequest.timeout) { sender in
                let began = ContinuousClock.now
                #expect(await sender.post(.example(Self.url(receiver))) == .timedOut)
                let took = ContinuousClock.now - began
                #expect(took >= .milliseconds(1900) && took < .seconds(20))
            }
        }
    }

    @Test("time runs in the TLS handshake, while waiting for a connection, and while a name is looked up")
    func timeoutsBeforeTheRequest() async throws {
        let never = Latch()
        try await Receiver.listening(Receiver.nothing) { receiver in
            await HTTPWebhookSender.running(
                timeout: WebhookRequest.timeout,
                lookUp: { _ in
                    never.wait()
                    return []
                }
            ) { sender in
                async let handshake = sender.post(.example("https://127.0.0.1:\(receiver.port)/"))
                async let lookup = sender.post(.example("http://slow.example/"))
                await withTaskGroup(of: WebhookOutcome.self) { group in
                    // More than a host may have connections.
                    for _ in 0..<100 { group.addTask { await sender.post(.example(Self.url(receiver))) } }
                    for await outcome in group { #expect(outcome == .timedOut) }
                }
                #expect(await handshake == .timedOut)
                #expect(await lookup == .timedOut)
            }
            never.open()
        }
    }

    @Test(
        "a reply that is too long is cut off at once, and its connection with it",
        arguments: [
            "Content-Length: 104857600\r\n", "Content-Length: 65537\r\n", "Transfer-Encoding: identity\r\n", "",
        ]
    )
    func longReplies(header: String) async throws {
        let sent = Counter()
        let flood = Receiver.flood("HTTP/1.1 200 OK\r\n\(header)\r\n") { sent.add($0) }
        try await Receiver.listening(flood) { receiver in
            try await HTTPWebhookSender.running { sender in
                let outcome = await sender.post(.example(Self.url(receiver)))
                #expect(outcome == .replied(WebhookReply(status: 200, body: [], isWhole: false)))
                try await waitUntil("the connection is closed") { receiver.record.closed == 1 }
            }
        }
        // What the network buffers hold; far from what the backend would have sent.
        #expect(sent.value < 32 * 1_048_576)
    }

    @Test(
        "what ends without a reply has failed, in words",
        arguments: [
            ("closed", Receiver.close, "the connection was closed before the reply ended"),
            ("cut short", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", thenClose: true), nil),
            ("no HTTP", Receiver.raw("SSH-2.0-OpenSSH_9.6\r\n"), "the reply is not HTTP/1.1"),
            ("no length", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "the reply is not HTTP/1.1"),
            (
                "a head without end", Receiver.raw("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 200_000)),
                "the reply is not HTTP/1.1"
            ),
        ] as [(String, Receiver.Script, String?)]
    )
    func failures(name: String, script: @escaping Receiver.Script, words: String?) async throws {
        try await Receiver.listening(script) { receiver in
            await HTTPWebhookSender.running { sender in
                let outcome = await sender.post(.example(Self.url(receiver, "/?Sign=secret")))
                guard case .failed(let said) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                if let words { #expect(said == words) }
                #expect(!said.contains("secret") && !said.contains("Error"))
            }
        }
    }

    @Test("a reply without a length ends with its connection")
    func untilClosed() async throws {
        try await Receiver.listening(Receiver.raw("HTTP/1.1 200 OK\r\n\r\n{}", thenClose: true)) { receiver in
            await HTTPWebhookSender.running { sender in
                #expect(await sender.post(.example(Self.url(receiver))) == .replied(200, "{}"))
            }
        }
    }

    @Test("a port where nobody listens has failed at once")
    func refusedPort() async {
        // No program is given this port by the system, not even for a moment.
        await HTTPWebhookSender.running { sender in
            for _ in 0..<3 {
                for host in ["127.0.0.1", "localhost"] {
                    let outcome = await sender.post(.example("http://\(host):1/"))
                    #expect(outcome == .failed("the connection was refused"))
                }
            }
        }
    }

    @Test("a name that leads nowhere has failed")
    func unknownName() async {
        await HTTPWebhookSender.running(lookUp: { _ in [] }) { sender in
            #expect(
                await sender.post(.example("http://nowhere.example/"))
                    == .failed("the name nowhere.example was not found")
            )
        }
    }

    @Test(
        "a URL that no webhook may have has failed",
        arguments: [
            "", "hook", "/hook", "127.0.0.1", "ftp://127.0.0.1/", "file:///etc/passwd", "unix:///var/run/docker.sock",
            "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "https+unix://%2Fx/", "http:///hook", "http://", "https://?x",
            "http://127.0.0.1:0/", "http://127.0.0.1:65536/",
            "http://localhost:70000/", "http://[::1]:65536/", "http://127.0.0.1:-1/", "http://a%00b/", "http://a%20b/",
            "http://[::1/", "http://\u{0}/", "http://" + String(repeating: "a", count: 256) + "/",
        ]
    )
    func badURLs(url: String) async {
        await HTTPWebhookSender.running(lookUp: { _ in [] }) { sender in
            #expect(
                await sender.post(.example(url)) == .failed("the URL is not http:// or https:// with a host and a port")
            )
        }
    }

    @Test("a header that HTTP has no room for has failed")
    func badHeader() async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running { sender in
                let header = WebhookRequest.Header("X-Test", "a\r\nX-Other: b")
                let outcome = await sender.post(
                    WebhookRequest(application: .example, url: Self.url(receiver), headers: [header], body: [])
                )
                #expect(outcome == .failed("the request failed: invalid header field values"))
            }

            #expect(receiver.record.requests.isEmpty)
        }
    }

    @Test("closing ends what is under way, and what comes later")
    func closing() async throws {
        try await Receiver.listening(Receiver.nothing) { receiver in
            try await HTTPWebhookSender.running { sender in
                async let underWay = sender.post(.example(Self.url(receiver)))
                try await waitUntil("the request has come") { receiver.record.requests.count == 1 }

                await sender.close()

                #expect(await underWay == .cancelled)
                #expect(await sender.post(.example(Self.url(receiver))) == .cancelled)
            }
        }
    }

    @Test("a cancelled task ends its attempt")
    func cancellation() async throws {
        try await Receiver.listening(Receiver.nothing) { receiver in
            try await HTTPWebhookSender.running { sender in
                try await withThrowingTaskGroup(of: WebhookOutcome.self) { group in
                    group.addTask { await sender.post(.example(Self.url(receiver))) }
                    try await waitUntil("the request has come") { receiver.record.requests.count == 1 }
                    group.cancelAll()
                    #expect(try await group.next() == .cancelled)
                }
            }
        }
    }
}
