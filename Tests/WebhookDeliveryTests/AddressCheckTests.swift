import Chat
import RostrumTesting
import Testing
import WebhookDelivery

/// No webhook reaches into the network that the server stands in.
@Suite struct AddressCheckTests {
    private static func refused(_ address: String) -> WebhookOutcome {
        .failed("the address \(address) is not allowed; --webhook-allow permits it")
    }

    @Test(
        "loopback is refused in every spelling, without a connection",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("127.1", "127.0.0.1"), ("2130706433", "127.0.0.1"), ("0x7f.1", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"), ("017700000001", "127.0.0.1"),
            ("%31%32%37.0.0.1", "127.0.0.1"), ("127.0.1", "127.0.0.1"), ("0", "0.0.0.0"), ("0.0.0.0", "0.0.0.0"),
            ("[::1]", "::1"), ("[0:0:0:0:0:0:0:1]", "::1"), ("[::]", "::"), ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
            ("[::ffff:7f00:1]", "::ffff:127.0.0.1"), ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
            ("[::127.0.0.1]", "::127.0.0.1"), ("user:password@127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"),
            ("LOCALHOST", "127.0.0.1"),
        ]
    )
    func spellings(host: String, address: String) async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            // The system may know other addresses of localhost; which it names first is not the point.
            await HTTPWebhookSender.running(
                allowing: [],
                lookUp: { name in
                    HostAddresses.lookUp(name).sorted()
                }
            ) { sender in
                #expect(await sender.post(.example("http://\(host):\(receiver.port)/")) == Self.refused(address))
            }

            #expect(receiver.record.connections == 0)
        }
    }

    @Test("a range lets them through", arguments: ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost"])
    func allowed(host: String) async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running(allowing: ["127.0.0.1"]) { sender in
                #expect(await sender.post(.example("http://\(host):\(receiver.port)/")) == .replied(200, "{}"))
            }
        }
    }

    @Test("a name that leads elsewhere once it was judged meets the check of the connection, and is told nothing")
    func rebinding() async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            try await HTTPWebhookSender.running(allowing: [], lookUp: { _ in ["8.8.8.8"] }) { sender in
                // More than one, and many at once: the client must stay whole whatever the order of events.
                for _ in 0..<3 {
                    let outcome = await sender.post(.example("http://localhost:\(receiver.port)/"))
                    #expect(outcome == Self.refused("127.0.0.1"))
                }
                await withTaskGroup(of: WebhookOutcome.self) { group in
                    for _ in 0..<100 {
                        group.addTask { await sender.post(.example("http://localhost:\(receiver.port)/")) }
                    }
                    for await outcome in group { #expect(outcome == Self.refused("127.0.0.1")) }
                }
                #expect(receiver.record.connections > 0)
                try await waitUntil("every connection is closed") {
                    receiver.record.closed == receiver.record.connections
                }
            }

            #expect(receiver.record.bytesReceived == 0)
        }
    }

    @Test("a sender that is closed in the middle of refusals closes")
    func closingAmidRefusals() async throws {
        try await Receiver.listening(Receiver.reply(200, "{}")) { receiver in
            for _ in 0..<20 {
                await HTTPWebhookSender.running(allowing: [], lookUp: { _ in ["8.8.8.8"] }) { sender in
                    async let outcome = sender.post(.example("http://localhost:\(receiver.port)/"))
                    await sender.close()
                    switch await outcome {
                    case .failed, .cancelled: break
                    case .replied, .timedOut: Issue.record("it reached the backend: \(await outcome)")
                    }
                }
            }

            #expect(receiver.record.bytesReceived == 0)
        }
    }
}
