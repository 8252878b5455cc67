"""The backends that write while something breaks. Each does one thing after the other and knows what it has done."""
import asyncio
import itertools
import random

from ledger import Post

FULL, TOO_MANY_CHANNELS, TOO_MANY_POSTS = 130006, 130010, 10023
numbers = itertools.count(1)


class Refused(Exception):
    """An answer that should not be."""


class Writer:
    """Writes until it is told to finish; then it presses against its limit, if it has one, until it is refused."""

    def __init__(self, caller, ledger, pause):
        self.caller, self.ledger, self.pause = caller, ledger, pause
        self.over = asyncio.Event()

    async def run(self):
        while not self.over.is_set():
            await self.write()
            try:
                async with asyncio.timeout(random.uniform(0.5, 1.5) * self.pause):
                    await self.over.wait()
            except TimeoutError:
                pass
        await self.press()

    async def press(self):
        """What a writer without a limit need not do."""

    async def call(self, command, body, *expected, key=None):
        """The answer to a write that is done once; 0, or one of the codes that are expected."""
        answer = await self.caller.call(command, body, key or f"key-{next(numbers)}")
        if answer["ErrorCode"] not in (0, *expected):
            raise Refused(f"{command} {body}: {answer}")
        return answer


class Poster(Writer):
    """Posts to a channel."""

    def __init__(self, caller, ledger, pause, channel, limited=False):
        super().__init__(caller, ledger, pause)
        self.channel, self.expected = channel, [TOO_MANY_POSTS] if limited else []
        ledger.posts.setdefault(channel, [])
        # What the server says of when it took the last one, in Unix seconds.
        self.sent_at = None

    async def write(self):
        number = next(numbers)
        text = f"{self.channel} {number}"
        answer = await self.call(
            "send_official_account_msg",
            {"Official_Account": self.channel, "Random": number,
             "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]},
            *self.expected)
        if not answer["ErrorCode"]:
            self.ledger.posts[self.channel].append(Post(text, answer["MsgKey"]))
            self.sent_at = answer["MsgTime"]
        return not answer["ErrorCode"]

    async def press(self):
        while self.expected and await self.write():
            pass


class Creator(Writer):
    """Creates channels until the application may have no more."""

    async def write(self):
        channel = f"@TOA#_created{next(numbers)}"
        answer = await self.call("create_official_account",
                                 {"OfficialAccountUserID": channel, "Owner_Account": "owner", "Name": channel},
                                 TOO_MANY_CHANNELS)
        if not answer["ErrorCode"]:
            self.ledger.channels.append(channel)
        return not answer["ErrorCode"]

    async def press(self):
        while await self.write():
            pass


class Crowd(Writer):
    """Users of its own who come and go at a channel that has no room for all of them."""

    def __init__(self, caller, ledger, pause, channel, users):
        super().__init__(caller, ledger, pause)
        self.channel, self.users = channel, users
        self.present = ledger.subscribers.setdefault(channel, set())

    async def write(self):
        user = random.choice(self.users)
        if user in self.present:
            await self.leave(user)
        else:
            await self.come(user)

    async def come(self, user):
        """Tries once; but after a lost reply until it is done, under the same key.

        A refusal says nothing of the attempt before it, which may lie at a node that hangs and find room later.
        """
        key, is_doubtful = f"key-{next(numbers)}", False
        while True:
            answer = await self.call("add_subscriber", {"Official_Account": self.channel, "SubscriberList": [
                {"Subscriber_Account": user}]}, FULL, key=key)
            is_doubtful |= self.caller.was_retried
            if not answer["ErrorCode"]:
                break
            if not is_doubtful or self.over.is_set():
                return
            await asyncio.sleep(0.5)
        if answer["SubscriberList"][0]["Result"] != 1:
            raise Refused(f"{user} was to come to {self.channel}: {answer}")
        self.present.add(user)
        self.ledger.subscribed += 1

    async def leave(self, user):
        answer = await self.call("delete_subscriber", {"Official_Account": self.channel,
                                                       "SubscriberToDel_Account": [user]})
        if answer["SubscriberList"][0]["Result"] != 1:
            raise Refused(f"{user} was to leave {self.channel}: {answer}")
        self.present.discard(user)
        self.ledger.unsubscribed += 1

    async def press(self):
        for user in self.users:
            if user not in self.present:
                await self.come(user)
