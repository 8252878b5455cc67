import RostrumTesting
import Testing
import UserSig

/// Tokens that nobody's generator made: none may trap, cost much, or say anything its key's holder did not sign.
@Suite struct HostileTokenTests {
    @Test("an empty token is refused as empty")
    func empty() {
        #expect(throws: UserSigError.empty) { try UserSig(decoding: "") }
    }

    @Test(
        "characters of other alphabets are refused",
        arguments: ["=", "+", "/", " ", "\n", "%", "\0", ".", "~", "\u{E9}", "\u{1F511}"]
    )
    func alphabet(character: Character) {
        let token = Vector.admin.token

        for position in [0, 1, 100, token.count - 2, token.count - 1] {
            var characters = Array(token)
            characters[position] = character
            #expect(throws: UserSigError.malformed(.notBase64)) { try UserSig(decoding: String(characters)) }
        }
        #expect(throws: UserSigError.malformed(.notBase64)) { try UserSig(decoding: token + String(character)) }
        #expect(throws: UserSigError.malformed(.notBase64)) { try UserSig(decoding: String(character) + token) }
    }

    @Test("standard Base64 is refused")
    func standardAlphabet() {
        let token = Vector.admin.token.map { ["*": "+", "-": "/", "_": "="][$0] ?? $0 }

        #expect(throws: UserSigError.malformed(.notBase64)) { try UserSig(decoding: String(token)) }
    }

    @Test(
        "padding is refused where it does not belong",
        arguments: ["_", "__", "____", "A___", "AA_A", "eJw_eJw_", "AB__"]
    )
    func padding(token: String) {
        #expect(throws: UserSigError.malformed(.notBase64)) { try UserSig(decoding: token) }
    }

    @Test("a token of 8192 bytes is looked at, a longer one is not")
    func tokenLength() {
        let longest = String(repeating: "A", count: UserSig.largestTokenBytes)

        #expect(throws: UserSigError.malformed(.notZlib)) { try UserSig(decoding: longest) }
        #expect(throws: UserSigError.malformed(.tokenTooLong)) { try UserSig(decoding: longest + "A") }
    }

    @Test("a document of 4096 bytes is read, a longer one is not")
    func documentSize() throws {
        let document =
            #"{"TLS.ver":"2.0","TLS.identifier":"a","TLS.sdkappid":1,"TLS.expire":1,"TLS.time":1,"TLS.sig":""}"#
        let padding = String(repeating: " ", count: UserSig.largestDocumentBytes - document.utf8.count)

        #expect(try UserSig(decoding: Packing.token(document: document + padding)).identifier == "a")
        #expect(throws: UserSigError.malformed(.documentTooLarge)) {
            try UserSig(decoding: Packing.token(document: document + padding + " "))
        }
    }

    @Test("a stream that would inflate to 900 kB is abandoned after 4096 bytes")
    func bomb() {
        #expect(throws: UserSigError.malformed(.documentTooLarge)) {
            try UserSig(decoding: Packing.token(stream: Packing.zeros(blocks: 1)))
        }
    }

    @Test("a token that would inflate to 1 GiB is refused unread")
    func gigabyteBomb() {
        let stream = Packing.zeros(blocks: 1189)

        #expect(throws: UserSigError.malformed(.tokenTooLong)) {
            try UserSig(decoding: Packing.token(stream: stream))
        }
        // Cut to what a token may hold, it is abandoned like any other.
        #expect(throws: UserSigError.malformed(.documentTooLarge)) {
            try UserSig(decoding: Packing.token(stream: Array(stream.prefix(6144))))
        }
    }

    @Test("a token cut anywhere is malformed", arguments: Vector.all)
    func truncatedToken(vector: Vector) {
        for length in 1..<vector.token.count {
            #expect(throws: UserSigError.self, "\(length) characters") {
                try UserSig(decoding: String(vector.token.prefix(length)))
            }
        }
    }

    @Test("a stream cut anywhere is malformed", arguments: Vector.all)
    func truncatedStream(vector: Vector) throws {
        let stream = try #require(Packing.stream(token: vector.token))

        for length in 1..<stream.count {
            #expect(throws: UserSigError.malformed(.notZlib), "\(length) bytes") {
                try UserSig(decoding: Packing.token(stream: Array(stream.prefix(length))))
            }
        }
    }

    @Test(
        "bytes behind the stream are refused",
        arguments: [[0], [0x78, 0x9C], Packing.stored([0x7B, 0x7D])] as [[UInt8]]
    )
    func trailingBytes(tail: [UInt8]) throws {
        let stream = try #require(Packing.stream(token: Vector.admin.token))

        #expect(throws: UserSigError.malformed(.notZlib)) {
            try UserSig(decoding: Packing.token(stream: stream + tail))
        }
    }

    @Test("a stream that fails its Adler-32, asks for a dictionary or has no zlib header is refused")
    func damagedStream() throws {
        let stream = try #require(Packing.stream(token: Vector.admin.token))
        var wrongSum = stream
        wrongSum[stream.count - 1] ^= 1
        let withDictionary = [0x78, 0x20, 0, 0, 0, 1] + stream.dropFirst(2)

        for damaged in [wrongSum, withDictionary, Array(stream.dropFirst(2)), [0x1F, 0x8B] + stream] {
            #expect(throws: UserSigError.malformed(.notZlib)) {
                try UserSig(decoding: Packing.token(stream: damaged))
            }
        }
    }

    // Some changes cannot be refused: deflate leaves a few bits unused in front of the Adler-32, and no decoder reads them.
    @Test("a token with any one character changed is refused or says the very same", arguments: Vector.all)
    func mutatedCharacter(vector: Vector) throws {
        let original = try UserSig(decoding: vector.token)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-_".utf8)
        let characters = Array(vector.token.utf8)

        for position in characters.indices {
            for replacement in alphabet where replacement != characters[position] {
                var mutated = characters
                mutated[position] = replacement
                let token = String(decoding: mutated, as: UTF8.self)
                guard (try? Vector.verify(token, identifier: vector.identifier)) != nil else { continue }
                #expect(try UserSig(decoding: token) == original, "\(position): \(token)")
            }
        }
    }

    @Test("random bytes in every layer never trap and never verify", arguments: [1, 2, 3] as [UInt64])
    func randomBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)

        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 1...300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            for token in [
                String(decoding: bytes, as: UTF8.self), Packing.token(stream: bytes),
                Packing.token(stream: [0x78, 0x9C] + bytes), Packing.token(stream: Packing.stored(bytes)),
            ] {
                #expect(throws: UserSigError.self, "seed \(seed): \(token)") { try Vector.verify(token) }
            }
        }
    }
}
