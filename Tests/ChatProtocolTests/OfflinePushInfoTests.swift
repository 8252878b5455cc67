import ChatProtocol
import Testing

/// What is judged of push information, and that the rest is not.
@Suite struct OfflinePushInfoTests {
    private func fault(in text: String) throws -> String? {
        let object = try JSONObject(text: text)
        do throws(MessageFault) {
            _ = try OfflinePushInfo(object)
            return nil
        } catch {
            return error.info
        }
    }

    @Test(
        "is kept as it came, and says whether to push",
        arguments: [
            ("{}", true),
            (#"{"PushFlag":0}"#, true),
            (#"{"PushFlag":0.0}"#, true),
            (#"{"PushFlag":1}"#, false),
            (#"{"PushFlag":1e0}"#, false),
            (#"{"Ext":"{}","Desc":"","Title":"港\u0000\u0001","PushFlag":1}"#, false),
            (#"{"BadgeAddNum":"many","ApnsInfo":{"\u0000":7},"AndroidInfo":null,"pushflag":9,"X":[1.50]}"#, true),
            (#"{"AndroidInfo":{"PushFlag":1,"Title":5},"HarmonyInfo":{"SoundDuration":1e999}}"#, true),
        ]
    )
    func keeps(text: String, allowsPush: Bool) throws {
        let info = try OfflinePushInfo(JSONObject(text: text))

        #expect(info.allowsPush == allowsPush)
        #expect(String(decoding: info.json, as: UTF8.self) == text)
    }

    @Test(
        "has a PushFlag of 0 or 1",
        arguments: [
            ("2", "a number"), ("-1", "a number"), ("0.5", "a number"), ("1e999", "a number"),
            (#""1""#, "a string of 1 bytes"), ("true", "a boolean"), ("null", "null"), ("[]", "an array of 0"),
        ]
    )
    func refusesFlag(text: String, found: String) throws {
        #expect(
            try fault(in: #"{"PushFlag":\#(text)}"#)
                == "OfflinePushInfo.PushFlag must be 0 or 1; it is \(found)."
        )
    }

    @Test("has strings for texts", arguments: ["Title", "Desc", "Ext"])
    func refusesTexts(name: String) throws {
        for (text, found) in [("5", "a number"), ("{}", "an object"), ("null", "null"), ("false", "a boolean")] {
            #expect(
                try fault(in: #"{"\#(name)":\#(text)}"#)
                    == "OfflinePushInfo.\(name) must be a string; it is \(found)."
            )
        }
    }
}
