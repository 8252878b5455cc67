import Chat
import RostrumTesting
import Testing

@Suite struct HexadecimalTests {
    @Test("bytes are written as two lower-case digits each and read back")
    func roundTrip() {
        let bytes = Array(UInt8.min...UInt8.max)
        let text = hexadecimal(bytes)

        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
        #expect([UInt8](hexadecimal: text) == bytes)
        #expect([UInt8](hexadecimal: text.uppercased()) == bytes)
        #expect([UInt8](hexadecimal: "") == [])
    }

    @Test("other texts are no bytes", arguments: ["0", "0g", "g0", "0x00", " 00", "00 ", "é", "000"])
    func refused(text: String) {
        #expect([UInt8](hexadecimal: text) == nil)
    }

    @Test("random hexadecimal is as long as asked for and differs")
    func random() {
        let random = SystemRandomSource()

        #expect(random.hex(bytes: 16).utf8.count == 32)
        #expect(random.hex(bytes: 16) != random.hex(bytes: 16))
        #expect(random.bytes(0) == [])
    }
}
