"""Compares what is there with what was acknowledged."""
from collections import Counter
from dataclasses import dataclass, field

@dataclass
class Verdict:
    lost: int = 0
    duplicated: int = 0
    incomplete: int = 0
    missing_webhooks: int = 0
    problems: list = field(default_factory=list)

    def add(self, kind, problem, count=1):
        setattr(self, kind, getattr(self, kind) + count)
        self.problems.append(problem)

    def __bool__(self):
        return not self.problems


@dataclass
class Found:
    """What the installation has of one application, and what its webhooks told."""

    # By channel: (MsgSeq, MsgKey, text) of each post, from the first on.
    histories: dict
    # Which of the acknowledged channels exist.
    channels: set
    # By channel: who subscribes.
    subscribers: dict
    deliveries: list = field(default_factory=list)


def judge_posts(ledger, found, verdict):
    """Each acknowledged post is there once under its key, and the numbers are 1, 2, 3, …"""
    for channel, posts in ledger.posts.items():
        history = found.histories[channel]
        texts = Counter(text for _, _, text in history)
        keys = {(key, text) for _, key, text in history}
        for post in posts:
            if (post.key, post.text) not in keys:
                verdict.add("lost", f"{post.text} was acknowledged as {post.key} and is not there")
        for text, times in texts.items():
            if times > 1:
                verdict.add("duplicated", f"{text} is there {times} times", times - 1)
        numbers = [number for number, _, _ in history]
        if numbers != list(range(1, len(numbers) + 1)):
            absent = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
            verdict.add("lost", f"{channel} has {len(numbers)} numbers up to {max(numbers)}, without {absent}")
        unknown = texts.keys() - {post.text for post in posts}
        if unknown:
            verdict.add("duplicated", f"{channel} has {unknown}, which nobody knows", len(unknown))


def judge_channels(ledger, found, verdict):
    for channel in ledger.channels:
        if channel not in found.channels:
            verdict.add("lost", f"{channel} was created and is not there")
    for channel, users in ledger.subscribers.items():
        there = Counter(found.subscribers[channel])
        for user in users - there.keys():
            verdict.add("lost", f"{user} subscribes to {channel} and is not there")
        for user in there.keys() - users:
            verdict.add("lost", f"{user} does not subscribe to {channel} and is there")
        for user, times in there.items():
            if times > 1:
                verdict.add("duplicated", f"{user} subscribes to {channel} {times} times", times - 1)


def judge_cap(name, count, cap, verdict):
    if count != cap:
        verdict.problems.append(f"{name}: {count}, and the limit is {cap}")


def judge_webhooks(ledger, found, verdict):
    """One event for each change, and those of a channel's posts in their order."""
    told = Counter()
    posts = {}
    for body in found.deliveries:
        kind = body["CallbackCommand"].removeprefix("OfficialAccount.CallbackAfter")
        told[kind] += len(body["SubscribeAccountList"]) if "SubscribeAccountList" in body else 1
        if kind == "SendMsg":
            posts.setdefault(body["Official_Account"], []).append(int(body["MsgKey"].split("_")[0]))
    initial = sum(len(users) for channel, users in ledger.subscribers.items() if channel in ledger.posts)
    expected = {"CreateOfficialAccount": len(ledger.channels), "AddSubscriber": ledger.subscribed + initial,
                "DeleteSubscriber": ledger.unsubscribed, "SendMsg": sum(map(len, found.histories.values()))}
    for kind, count in expected.items():
        if told[kind] < count:
            verdict.add("missing_webhooks", f"{kind}: {told[kind]} of {count} events", count - told[kind])
        elif told[kind] > count:
            verdict.problems.append(f"{kind}: {told[kind]} events for {count} changes")
    for channel, numbers in posts.items():
        if numbers != sorted(numbers):
            verdict.problems.append(f"webhooks of {channel} came in the order {numbers}")


def judge_sessions(sessions, histories, verdict):
    """Each session has every post of its channels, in order, once."""
    for session in sessions:
        wrong = [difference(channel, view.posts, [(number, text) for number, _, text in histories[channel]])
                 for channel, view in session.views.items()]
        wrong = session.faults + list(filter(None, wrong))
        if wrong or not session.views:
            verdict.add("incomplete", f"{session.name}: {', '.join(wrong) or 'never was there'}")


def judge_followers(followers, subscribers, verdict):
    """Each session whose user came and went knows where he subscribes in the end."""
    for user, session in followers.items():
        there = {channel for channel, users in subscribers.items() if user in users}
        wrong = session.faults + [f"{channel} is {'missing' if channel in there else 'left'}"
                                  for channel in sorted(there ^ session.follows)]
        if wrong or not session.ready.is_set():
            verdict.add("incomplete", f"{session.name}: {', '.join(wrong) or 'is not there'}")


def difference(channel, posts, history):
    if posts == history:
        return None
    missing, extra = (sorted(number for number, _ in set(one) - set(other))
                      for one, other in ((history, posts), (posts, history)))
    return f"{channel} of {len(history)} posts: without {missing}, besides {extra}, or in another order"


# Reading what is there.

async def history(caller, channel):
    found, last = [], {}
    while True:
        page = await caller.call("official_account_msg_get_simple",
                                 {"Official_Account": channel, "ReqMsgNumber": 20, **last})
        if not page["RspMsgList"]:
            return found
        found[:0] = [(post["MsgSeq"], post["MsgKey"], post["MsgBody"][0]["MsgContent"]["Text"])
                     for post in page["RspMsgList"]]
        last = {"LastMsgKey": page["LastMsgKey"]}


async def subscribers(caller, channel):
    found, cursor = [], ""
    while True:
        page = await caller.call("get_subscriber_info", {"Official_Account": channel, "Limit": 200, "Next": cursor})
        found += [item["Subscriber_Account"] for item in page["SubscriberList"]]
        if not (cursor := page["Next"]):
            return found


async def existing(caller, channels):
    found = set()
    for first in range(0, len(channels), 50):
        some = [{"Official_Account": channel} for channel in channels[first:first + 50]]
        answer = await caller.call("get_official_account_info", {"OfficialAccountIdList": some})
        found |= {item["Official_Account"] for item in answer["OfficialAccountInfoList"] if not item["ErrorCode"]}
    return found


async def find(caller, ledger):
    """What the installation has; the deliveries come by themselves."""
    return Found({channel: await history(caller, channel) for channel in ledger.posts},
                 await existing(caller, ledger.channels),
                 {channel: await subscribers(caller, channel) for channel in ledger.subscribers})


def of_ledger(ledger, receiver, history_was_undone, found):
    """The deliveries about a ledger's channels; after a failover without those about posts that it has undone."""
    there = {(key, text) for posts in found.histories.values() for _, key, text in posts}
    # A copy: more may come meanwhile.
    return [body for body in list(receiver.deliveries.values())
            if body["Official_Account"] in ledger.channels
            and not (history_was_undone and "MsgKey" in body
                     and (body["MsgKey"], body["MsgBody"][0]["MsgContent"]["Text"]) not in there)]
