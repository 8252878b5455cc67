"""Posts that grow too old while the soak runs: they are sent by a server whose clock is almost a day behind."""
import os
import time
from dataclasses import dataclass

from loopback.rostrum import skewed
from record import text_of
from rest import Caller

CHANNEL, DAY, STINTS, POSTS = "@TOA#_soak_old", 86400, 6, 60
BYTES = 1500


@dataclass
class Old:
    text: str
    # In Unix seconds, by the server's clock.
    sent: int


class Aging:
    """In a few stints, so that the posts of one grow too old every few minutes of the run."""

    def __init__(self, installation, application, minutes):
        self.installation, self.application, self.minutes = installation, application, minutes
        self.posts = {}

    def prepare(self):
        """Starts the server, once for each stint, and stops it."""
        server, environment = self.installation.server, self.installation.server.environment
        for stint in range(STINTS):
            # The first grow too old as the run begins, the last as it ends.
            ahead = -DAY + int(self.minutes * 60 * (stint + 0.5) / STINTS) + 30
            server.environment = environment | skewed(ahead, self.installation.directory)
            self.installation.start()
            try:
                yield ahead, stint
            finally:
                self.installation.stop()
        server.environment = environment

    async def post(self, ahead, stint):
        caller = Caller(self.application, self.installation.host, self.installation.port)
        caller.query = self.application.query("administrator", ahead)
        if not stint:
            for command, body in (("im_open_login_svc/account_import", {"UserID": "owner"}),
                                  ("create_official_account", {"OfficialAccountUserID": CHANNEL, "Owner_Account": "owner",
                                                               "Name": "Old news"})):
                answer = await caller.call(command, body)
                assert answer["ErrorCode"] == 0, answer
        for number in range(POSTS):
            text = text_of(stint * POSTS + number, BYTES)
            answer = await caller.call("send_official_account_msg", {
                "Official_Account": CHANNEL, "Random": stint * POSTS + number + 1,
                "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}, f"old-{stint}-{number}")
            assert answer["ErrorCode"] == 0, answer
            self.posts[answer["MsgKey"]] = Old(text, answer["MsgTime"])
        caller.close()

    async def look(self, caller):
        """How many are expired by now, and what is wrong: each is there until it is a day old, and then it is not."""
        expired, problems, last, left = 0, [], {}, dict(self.posts)
        while left:
            now = time.time()
            page = await caller.call("official_account_msg_get_simple",
                                     {"Official_Account": CHANNEL, "ReqMsgNumber": 20, **last})
            if not page["RspMsgList"]:
                break
            for item in page["RspMsgList"]:
                post = left.pop(item["MsgKey"], None)
                if not post:
                    problems.append(f"nobody posted {item['MsgKey']}")
                elif item["IsPlaceMsg"] == 1:
                    expired += 1
                    if post.sent > now - DAY + 2:
                        problems.append(f"{item['MsgKey']} is gone too early")
                elif post.sent < now - DAY - 2:
                    problems.append(f"{item['MsgKey']} is a day old and still shown")
                elif item["MsgBody"][0]["MsgContent"]["Text"] != post.text:
                    problems.append(f"{item['MsgKey']} has another content")
            last = {"LastMsgKey": page["LastMsgKey"]}
        return expired, problems + [f"{key} is missing" for key in left]

    def unswept(self):
        """How many bodies the storage still has a good while after they were too old."""
        moment = int((time.time() - DAY - 90) * 1000)
        statement = f"SELECT count(*) FROM broadcasts WHERE body IS NOT NULL AND sent_at <= {moment}"
        return int(self.installation.ask_storage(statement))
