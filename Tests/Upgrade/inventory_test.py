#!/usr/bin/env python3
"""Shows each kind of loss to the judge of upgrades, which must see it."""
import copy
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / path) for path in ("Tests/Upgrade", "Tests/Crash", "deploy", "Tests/Wire")]

import fixture  # noqa: E402
from inventory import missing  # noqa: E402
from story import GONE, MAIN, NEWS, TIDES, WITHOUT_RETRIES  # noqa: E402


class JudgeTest(unittest.TestCase):
    def setUp(self):
        records = [fixture.read(name)[0] for name in fixture.names()]
        # The newest has everything that is looked at.
        self.old = max(records, key=lambda record: record["schema"])["seen"]
        self.new = copy.deepcopy(self.old)

    def channel(self, name):
        return self.new["rest"][str(MAIN)]["channels"][name]

    def assert_found(self, *words):
        problems = missing(self.old, self.new)
        self.assertTrue(any(all(word in problem for word in words) for problem in problems), problems)

    def test_the_same_and_more_is_right(self):
        self.channel(NEWS)["a member of later versions"] = 1
        self.assertEqual(missing(self.old, self.new), [])

    def test_what_is_of_the_call_may_differ(self):
        self.channel(NEWS)["posts"]["RequestId"] = "another"
        self.assertEqual(missing(self.old, self.new), [])

    def test_a_post_that_is_gone(self):
        self.channel(NEWS)["posts"]["RspMsgList"].pop()
        self.assert_found("RspMsgList")

    def test_a_text_that_is_another(self):
        self.channel(NEWS)["posts"]["RspMsgList"][0]["MsgBody"][0]["MsgContent"]["Text"] += "!"
        self.assert_found("RspMsgList/0", "Text")

    def test_a_subscriber_that_is_another(self):
        self.channel(TIDES)["subscribers"]["SubscriberList"][0]["Subscriber_Account"] = "somebody"
        self.assert_found(TIDES, "Subscriber_Account")

    def test_a_channel_that_is_gone(self):
        del self.new["rest"][str(MAIN)]["channels"][NEWS]
        self.assert_found(NEWS, "is gone")

    def test_an_application_without_a_key(self):
        self.new["applications"][0]["keys"].pop()
        self.assert_found("applications/0/keys")

    def test_a_dead_letter_that_is_gone(self):
        self.new["webhooks"][str(WITHOUT_RETRIES)]["deadLetters"].pop()
        self.assert_found("deadLetters")

    def test_another_epoch(self):
        self.new["anna"]["channels"][0]["Epoch"] = "another"
        self.assert_found("anna/channels/0/Epoch")

    def test_a_post_that_is_not_read_any_more(self):
        self.new["anna"]["unread"][0]["UnreadMsgNum"] += 1
        self.assert_found("anna/unread/0")

    def test_an_operator_who_is_gone(self):
        self.new["operators"].pop()
        self.assert_found("operators")

    def test_fixtures_have_something_of_everything(self):
        for name in fixture.names():
            with self.subTest(name):
                record = fixture.read(name)[0]
                seen = record["seen"]
                rest, webhooks = seen["rest"][str(MAIN)], seen["webhooks"][str(MAIN)]
                self.assertEqual(rest["channels"].keys(), {NEWS, TIDES})
                self.assertNotIn(GONE, rest["channels"])
                posts = rest["channels"][NEWS]["posts"]["RspMsgList"]
                self.assertGreater(len(posts), 6)
                self.assertTrue(webhooks["waiting"] and webhooks["delivered"])
                self.assertTrue(seen["webhooks"][str(WITHOUT_RETRIES)]["deadLetters"])
                self.assertEqual(len(seen["applications"][0]["keys"]), 2)
                self.assertTrue(all(seen["audit"].values()))
                if record["schema"] >= 8:
                    self.assertTrue(all(channel["Epoch"] for channel in seen["anna"]["channels"]))
                    # She has read some of it.
                    self.assertTrue(0 < seen["anna"]["unread"][0]["UnreadMsgNum"] < len(posts))
                    self.assertEqual([operator["role"] for operator in seen["operators"]], ["read-only", "owner"])


if __name__ == "__main__":
    unittest.main()
