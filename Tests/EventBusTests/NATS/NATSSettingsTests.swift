import EventBusNATS
import Testing

/// What `--bus` may be.
@Suite struct NATSSettingsTests {
    @Test("hosts with and without ports")
    func servers() throws {
        #expect(try NATSSettings(url: "nats://one").servers == ["one:4222"])
        #expect(
            try NATSSettings(url: "nats://one:1,two,[::1]:3,[::2]/").servers == [
                "one:1", "two:4222", "[::1]:3", "[::2]:4222",
            ]
        )
    }

    @Test("who the node is")
    func identity() throws {
        let user = try NATSSettings(url: "nats://an%40na:p:w%3F@one")
        #expect(user.user == "an@na")
        #expect(user.password == "p:w?")
        #expect(user.token == nil)
        #expect(try NATSSettings(url: "nats://s3cret@one").token == "s3cret")
        #expect(try NATSSettings(url: "nats://one?token=s%26").token == "s&")
        #expect(try NATSSettings(url: "nats://one?creds=/etc/node.creds").credentialsFile == "/etc/node.creds")
    }

    @Test("TLS, and the name that certificates must have")
    func tls() throws {
        #expect(try NATSSettings(url: "nats://one").tls == nil)
        #expect(try NATSSettings(url: "tls://one.example").tls?.serverName == "one.example")
        #expect(try NATSSettings(url: "tls://one.example:1,one.example:2").tls?.serverName == "one.example")
        #expect(try NATSSettings(url: "tls://one.example,two.example").tls?.serverName == nil)
        #expect(try NATSSettings(url: "tls://192.0.2.1").tls?.serverName == nil)
        let own = try NATSSettings(url: "nats://one?ca=/ca.pem&cert=/c.pem&key=/k.pem&server_name=bus")
        #expect(own.tls?.authorities == "/ca.pem")
        #expect(own.tls?.certificate == "/c.pem")
        #expect(own.tls?.key == "/k.pem")
        #expect(own.tls?.serverName == "bus")
    }

    @Test(
        "what cannot be used is refused, and the words have no secret in them",
        arguments: [
            "", "one:4222", "redis://secret@one", "nats://", "nats://one,,two", "nats://one:0", "nats://one:70000",
            "nats://one:x", "nats://secret@:1", "nats://one?ca", "nats://one?ca=", "nats://one?colour=secret",
            "nats://one?cert=/c.pem", "nats://u:secret@one?token=secret", "nats://%zz@one", "nats://%ff@one",
            "nats://one two", "nats://one/path",
        ]
    )
    func refused(url: String) {
        let refusal = #expect(throws: NATSSettings.Invalid.self) { try NATSSettings(url: url) }
        #expect(refusal?.description.contains("secret") == false)
    }
}
