"""The backend that hears webhooks: it refuses, is slow, hangs up, and is away for a while, again and again."""
import asyncio
import hashlib
import hmac
import json
import random
import time
import zlib

from receiver import BUSY, REPLY, Receiver

# Of a thousand events so many are refused, so many answered after a while, and of so many the connection ends.
REFUSED, SLOW, CUT = 30, 20, 10
SLOW_SECONDS = 3
# Every so many seconds it is away for so long. Short, and not as often as the third and fourth retry come: a channel that
# fails six times in a row waits for ten minutes.
AWAY_EVERY, AWAY_FOR = 100, 5
EVENTS = [f"OfficialAccount.CallbackAfter{name}" for name in
          ("CreateOfficialAccount", "OfficialAccountInfoChanged", "AddSubscriber", "DeleteSubscriber", "SendMsg",
           "MsgWithDraw", "OfficialAccountFull", "OfficialAccountDestroyed")]
BEFORE = "OfficialAccount.CallbackBeforeAddSubscriber"


class Unsteady(Receiver):
    def __init__(self, application, seed):
        super().__init__()
        self.number, self.secret = application, None
        # Channels of which somebody else is told what came, as it came.
        self.others = set()
        self.random = random.Random(f"{seed} hooks")
        self.is_calm, self.began = True, time.monotonic()
        self.problems, self.tampered = [], 0
        self.refused = self.slow = self.cut = self.asked = 0

    def be_unsteady(self):
        self.is_calm, self.began = False, time.monotonic()

    async def answer(self, headers, data):
        self.check_signature(headers, data)
        body = json.loads(data)
        delivery = headers["x-rostrum-delivery"]
        if not self.is_calm:
            place = self.random.randrange(1000)
            if (time.monotonic() - self.began) % AWAY_EVERY > AWAY_EVERY - AWAY_FOR or place < REFUSED:
                self.refused += 1
                return BUSY
            if place < REFUSED + CUT:
                self.cut += 1
                return None
            if place < REFUSED + CUT + SLOW:
                self.slow += 1
                await asyncio.sleep(SLOW_SECONDS)
        if body["CallbackCommand"] == BEFORE:
            self.asked += 1
            return REPLY
        return REPLY if self.take(delivery, body if self.is_of_others(body) else told(body)) else BUSY

    def is_of_others(self, body):
        return body.get("Official_Account") in self.others

    def of_others(self):
        """What came of their channels, in order."""
        return list(filter(self.is_of_others, self.deliveries.values()))

    def own(self):
        """What came besides."""
        return [body for body in self.deliveries.values() if not self.is_of_others(body)]

    def take(self, delivery, body):
        if self.deliveries.get(delivery, body) != body:
            self.problems.append(f"delivery {delivery} came again with another content")
        return super().take(delivery, body)

    def check_signature(self, headers, data):
        signed = f"{headers['x-rostrum-timestamp']}.{headers['x-rostrum-delivery']}.{self.number}.".encode() + data
        if headers["x-rostrum-signature"] != "v1=" + hmac.digest(self.secret.encode(), signed, hashlib.sha256).hex():
            self.problems.append(f"delivery {headers['x-rostrum-delivery']} has a wrong signature")


def told(body):
    """A webhook's content, exact but for its time: long texts as a number, the rest as it is."""
    body = dict(body)
    if not isinstance(body.pop("EventTime", None), int):
        body["EventTime"] = "none"
    elements = body.get("MsgBody")
    if elements and len(elements) == 1 and elements[0].keys() == {"MsgType", "MsgContent"}:
        text = elements[0]["MsgContent"].get("Text", "")
        shape = json.dumps([elements[0]["MsgType"], sorted(elements[0]["MsgContent"])])
        body["MsgBody"] = zlib.crc32(f"{body['MsgKey']}\n{body.get('CloudCustomData', '')}\n{text}\n".encode()), shape
    return body
