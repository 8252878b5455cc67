"""The application's backends: they post, recall, edit, subscribe, unsubscribe and read, each so often a second."""
import asyncio
import itertools
import random
import time

from plan import OWN, REST, size_of_post
from record import Change, Post, content, text_of
from rest import Caller

# Of a hundred posts so many are for those alone who are there, so many have data of the application's own, and so many
# are recalled within some seconds.
ONLINE_ONLY, WITH_DATA, RECALLED = 3, 25, 4
CONNECTIONS = 6
# So many subscriptions a user has at most whom the backend subscribes.
MOST_SUBSCRIPTIONS = 4
MOST_WAITING = 200


class Backends:
    def __init__(self, plan, record, application, host, port, seed):
        self.plan, self.record, self.seed = plan, record, seed
        self.random = random.Random(f"{seed} backends")
        self.numbers = itertools.count(1)
        self.callers = [Caller(application, host, port) for _ in range(CONNECTIONS)]
        self.free = asyncio.Queue()
        for caller in self.callers:
            self.free.put_nowait(caller)
        self.tasks, self.over, self.may_change = set(), asyncio.Event(), asyncio.Event()
        self.may_change.set()
        people = {member.user for member in plan.of_kind(REST)}
        self.subscribed = {user: set() for user in sorted(people)}
        for channel in plan.channels:
            for user in people.intersection(channel.subscribers):
                self.subscribed[user].add(channel.number)
        self.busy_users = set()

    def log_in(self, application):
        """From now on all calls are signed under the application's newest key."""
        for caller in self.callers:
            caller.log_in(application)

    async def call(self, command, body, is_write=True):
        """The answer, whatever it took; anything but success is a problem."""
        caller = await self.free.get()
        try:
            began = time.monotonic()
            answer = await caller.call(command, body, f"soak-{next(self.numbers)}" if is_write else None)
            self.record.took.append(time.monotonic() - began)
            self.record.calls += 1
            self.record.retried += caller.was_retried
            if answer["ErrorCode"]:
                self.record.problem(f"{command} {str(body)[:200]}: {answer}")
            return answer
        finally:
            self.free.put_nowait(caller)

    async def steadily(self, rate, work):
        """Begins `work` so often a second, as long as not too much of it waits."""
        due = time.monotonic()
        while not self.over.is_set():
            due += 1 / rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif wait < -5:
                due = time.monotonic()
            if len(self.tasks) < MOST_WAITING:
                self.later(work())

    def later(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.done)

    def done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            self.record.problem(f"a backend: {problem!r}")

    def start(self, posts_a_second):
        rates = [(posts_a_second, self.post), (1, self.edit), (2, self.change), (posts_a_second / 2, self.read)]
        self.running = [asyncio.create_task(self.steadily(rate, work)) for rate, work in rates]

    async def finish(self):
        """Until every call is answered."""
        self.over.set()
        await asyncio.gather(*self.running)
        while self.tasks:
            await asyncio.sleep(0.1)

    def close(self):
        for caller in self.callers:
            caller.close()

    # What they do.

    async def post(self):
        channel = self.plan.channel_for_post(self.random)
        number, size = next(self.numbers), size_of_post(channel, self.random)
        text, share = text_of(number, size), self.random.random() * 100
        is_online_only = share < ONLINE_ONLY
        data = f"data of {number}" if self.random.random() * 100 < WITH_DATA else ""
        body = {"Official_Account": channel.name, "Random": number % (1 << 32),
                "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}
        if is_online_only:
            body["OnlineOnlyFlag"] = 1
        if data:
            body["CloudCustomData"] = data
        sent = time.monotonic_ns()
        answer = await self.call("send_official_account_msg", body)
        if answer["ErrorCode"]:
            return
        key, of = answer["MsgKey"], self.record.channels[channel.number]
        seq = int(key.split("_")[0])
        if seq in of.posts:
            self.record.problem(f"{channel.name}: two posts have the number {seq}")
        of.posts[seq] = Post(seq, key, answer["MsgTime"], content(key, data, text), is_online_only, sent,
                             time.monotonic_ns())
        if not is_online_only and share > 100 - RECALLED:
            await asyncio.sleep(self.random.uniform(0, 8))
            answer = await self.call("official_account_msg_recall", {"Official_Account": channel.name, "MsgKeyList": [key]})
            if not answer["ErrorCode"] and answer["RecallRetList"] == [{"MsgKey": key, "RetCode": 0}]:
                of.recalls.append(key)
            else:
                self.record.problem(f"{key} of {channel.name} was to be recalled: {answer}")

    async def edit(self):
        channel, text = self.random.choice(self.plan.channels), f"edition {next(self.numbers)}"
        answer = await self.call("modify_official_account_base_info",
                                 {"Official_Account": channel.name, "Introduction": text})
        if not answer["ErrorCode"]:
            self.record.channels[channel.number].edits.append(text)

    async def change(self):
        """Subscribes or unsubscribes somebody, one thing at a time."""
        if not self.may_change.is_set():
            return
        user = self.random.choice(list(self.subscribed))
        if user in self.busy_users:
            return
        self.busy_users.add(user)
        try:
            channel, present = self.random.choice(self.plan.channels), self.subscribed[user]
            if present and (len(present) >= MOST_SUBSCRIPTIONS or self.random.random() < 0.5):
                channel = self.plan.channels[self.random.choice(sorted(present))]
            elif channel.number in present:
                return
            await self.come_or_go(user, channel, channel.number not in present)
        finally:
            self.busy_users.discard(user)

    async def come_or_go(self, user, channel, is_coming):
        sent = time.monotonic_ns()
        if is_coming:
            answer = await self.call("add_subscriber", {"Official_Account": channel.name,
                                                        "SubscriberList": [{"Subscriber_Account": user}]})
        else:
            answer = await self.call("delete_subscriber", {"Official_Account": channel.name,
                                                           "SubscriberToDel_Account": [user]})
        if answer["ErrorCode"]:
            return
        if answer["SubscriberList"] != [{"Subscriber_Account": user, "Result": 1}]:
            self.record.problem(f"{user} was to {'come to' if is_coming else 'leave'} {channel.name}: {answer}")
        self.record.channels[channel.number].changes.append(Change(user, is_coming, sent, time.monotonic_ns()))
        (self.subscribed[user].add if is_coming else self.subscribed[user].discard)(channel.number)

    async def hold_changes(self):
        """Until nobody's subscriptions are being changed."""
        self.may_change.clear()
        while self.busy_users:
            await asyncio.sleep(0.05)

    async def read(self):
        channel = self.plan.channel_for_post(self.random)
        kind = self.random.randrange(5)
        self.record.reads += 1
        if kind == 0:
            await self.read_history(channel)
        elif kind == 1:
            await self.call("get_subscriber_info", {"Official_Account": channel.name, "Limit": 100}, is_write=False)
        elif kind == 2:
            names = [{"Official_Account": other.name} for other in self.random.sample(self.plan.channels, 5)]
            await self.call("get_official_account_info", {"OfficialAccountIdList": names}, is_write=False)
        elif kind == 3:
            users = [member.user for member in self.random.sample(self.plan.members, 20)]
            await self.call("openim/query_online_status", {"To_Account": users, "IsNeedDetail": 1}, is_write=False)
        else:
            user = self.random.choice(self.plan.of_kind(OWN)).user
            await self.call("get_subscribed_official_account_list", {"Subscriber_Account": user, "Limit": 20},
                            is_write=False)

    async def read_history(self, channel):
        """The newest page: it has what was acknowledged before, with the same content, in order."""
        posts = self.record.channels[channel.number].posts
        newest = max((post.seq for post in list(posts.values()) if not post.is_online_only), default=0)
        answer = await self.call("official_account_msg_get_simple",
                                 {"Official_Account": channel.name, "ReqMsgNumber": 20, "WithRecalledMsg": 1},
                                 is_write=False)
        if answer["ErrorCode"]:
            return
        page = answer["RspMsgList"]
        numbers = [post["MsgSeq"] for post in page]
        if numbers != sorted(set(numbers)) or (numbers or [0])[-1] < newest:
            self.record.problem(f"the history of {channel.name} has {numbers}, and {newest} was acknowledged before")
        for item in page:
            known = posts.get(item["MsgSeq"])
            if not known or item["IsPlaceMsg"]:
                continue
            text = item["MsgBody"][0]["MsgContent"]["Text"]
            if content(item["MsgKey"], item.get("CloudCustomData", ""), text) != known.content:
                self.record.problem(f"post {known.key} of {channel.name} has another content in the history")
