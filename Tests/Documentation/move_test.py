"""examples/migration/move.py between two servers. Run by `make docs-test`."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from emulator import APPLICATION, CHANNELS, ROOT, Emulator

NEWS, SHOP, EMPTY = "@TOA#_news", "@TOA#_shop", "@TOA#_empty"


class MoveTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.files = pathlib.Path(directory.name)
        self.old, self.new = Emulator.for_test(self), Emulator.for_test(self)

    def call(self, server, command, **members):
        reply = server.call(command, **members)
        self.assertEqual(reply["ErrorCode"], 0, reply)
        return reply

    def fill(self):
        """Two pages of subscribers, a channel that nobody subscribes to, and posts in two others."""
        users = [f"user-{number:03}" for number in range(250)]
        parts = [users[start : start + 100] for start in range(0, 250, 100)]
        for part in parts:
            self.call(self.old, "im_open_login_svc/multiaccount_import", Accounts=part)
        profile = {"Introduction": "Tides", "FaceUrl": "https://a/b", "Organization": "Port", "CustomString": "{ä}"}
        for channel, more in ((NEWS, profile), (SHOP, {}), (EMPTY, {})):
            new = {"OfficialAccountUserID": channel, "Owner_Account": "user-000", "Name": f"Name of {channel}"}
            self.call(self.old, CHANNELS + "create_official_account", **new, **more)
        for part in parts:
            self.subscribe(NEWS, part)
        self.subscribe(SHOP, ["user-007"])
        text = {"Subscriber_Account": "user-123", "CustomString": "vip"}
        self.call(self.old, CHANNELS + "modify_subscriber_info", Official_Account=NEWS, **text)
        for channel in (NEWS, SHOP):
            body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": f"post of {channel}"}}]
            post = {"Official_Account": channel, "Random": 1, "MsgBody": body}
            self.call(self.old, CHANNELS + "send_official_account_msg", **post)
        (self.files / "accounts.txt").write_text("\n".join(users) + "\n\n")
        (self.files / "channels.txt").write_text(EMPTY + "\n")

    def subscribe(self, channel, users):
        items = [{"Subscriber_Account": user} for user in users]
        self.call(self.old, CHANNELS + "add_subscriber", Official_Account=channel, SubscriberList=items)

    def move(self, *words):
        given = ["--accounts", "accounts.txt", "--channels", "channels.txt", "--history", "history.ndjson", *words]
        for side, server in (("from", self.old), ("to", self.new)):
            given += [f"--{side}", server.url, f"--{side}-app", APPLICATION, f"--{side}-usersig", server.usersig]
        command = [sys.executable, ROOT / "examples/migration/move.py", *given]
        return subprocess.run(command, cwd=self.files, capture_output=True, text=True, timeout=120)

    def state(self, server):
        """What a server tells of the channels, but for what a move cannot keep."""
        ids = [{"Official_Account": channel} for channel in (NEWS, SHOP, EMPTY)]
        reply = self.call(server, CHANNELS + "get_official_account_info", OfficialAccountIdList=ids)
        for info in reply["OfficialAccountInfoList"]:
            del info["CreateTime"], info["LastMsgTime"]
        subscribers = {channel: self.subscribers(server, channel) for channel in (NEWS, SHOP, EMPTY)}
        return reply["OfficialAccountInfoList"], subscribers

    def subscribers(self, server, channel):
        found, following = [], None
        while following != "":
            page = {"Official_Account": channel, "Limit": 200, "Next": following or ""}
            reply = self.call(server, CHANNELS + "get_subscriber_info", **page)
            found += [(item["Subscriber_Account"], item["CustomString"]) for item in reply["SubscriberList"]]
            following = reply["Next"]
        return found

    def test_everything_that_can_be_moved_is_there_afterwards(self):
        self.fill()
        done = self.move()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{NEWS}: 250 of 250 subscribers, 1 posts written down; the same", done.stdout)
        self.assertEqual(self.state(self.new), self.state(self.old))
        self.assertEqual(len(self.state(self.new)[1][NEWS]), 250)
        posts = [json.loads(line) for line in (self.files / "history.ndjson").read_text().splitlines()]
        self.assertEqual(sorted(post["Official_Account"] for post in posts), [NEWS, SHOP])
        self.assertEqual(posts[0]["MsgSeq"], 1)

    def test_a_second_time_brings_what_changed_meanwhile(self):
        self.fill()
        self.assertEqual(self.move().returncode, 0)
        self.subscribe(SHOP, ["user-008"])
        self.call(self.old, CHANNELS + "modify_official_account_base_info", Official_Account=SHOP, Name="Corner Shop")
        done = self.move()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.state(self.new), self.state(self.old))

    def test_what_found_no_room_is_told(self):
        self.fill()
        done = self.move("--max-subscribers", "200")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"{NEWS}: 200 of 250 subscribers", done.stdout)
        self.assertIn("DIFFERS: 50 subscribers, such as user-200", done.stdout)
        self.assertIn(f"{SHOP}: 1 of 1 subscribers, 1 posts written down; the same", done.stdout)

    def test_a_channel_that_is_not_there_and_a_refused_call_are_told(self):
        self.fill()
        (self.files / "channels.txt").write_text("@TOA#_nowhere\n")
        done = self.move()
        self.assertEqual(done.returncode, 1)
        self.assertIn("@TOA#_nowhere: NOT THERE", done.stdout)
        self.new.usersig = "wrong"
        done = self.move()
        self.assertEqual(done.returncode, 1)
        self.assertIn("70003", done.stderr)


if __name__ == "__main__":
    unittest.main()
