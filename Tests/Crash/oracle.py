"""The oracle: what one backend's part of an installation must be after each of its operations.

A territory is the channels and accounts of one backend, to which nobody else does anything. So every answer can be
foretold, every number of a post, every webhook; and what is found after a crash is the territory as it was before the
operation that was under way, or as it is after it, and nothing between.
"""
import copy
from dataclasses import dataclass, field

FULL, ALREADY, NO_CHANNEL, NOT_SUBSCRIBED, TAKEN = 130006, 130005, 130004, 131003, 130008
NO_ACCOUNT, NO_MESSAGE, NO_CONVERSATION = 70107, 10030, 10010
PROFILE = ("Name", "Introduction", "FaceUrl", "Organization", "CustomString")


@dataclass
class Post:
    seq: int
    text: str
    is_stored: bool
    # None until somebody was told.
    key: str = None
    is_recalled: bool = False


@dataclass
class Subscriber:
    name: str
    # Those who came by one call have one place, and stand in the order of their names.
    place: int
    read: int
    custom: str = ""
    flag: str = "AcceptAndNotify"
    # The head when he came: what was sent before is not for him.
    joined: int = 0


@dataclass
class Channel:
    profile: dict
    most: int
    posts: list = field(default_factory=list)
    subscribers: dict = field(default_factory=dict)
    events: int = 0
    places: int = 0
    is_edited: bool = False
    # None until it was read.
    epoch: str = None

    @property
    def head(self):
        return len(self.posts)

    def unread(self, subscriber):
        return sum(post.is_stored and not post.is_recalled for post in self.posts[subscriber.read:])

    def history(self, since=0):
        """The stored posts behind a number; of those that were recalled, the number and the key."""
        return [(post.seq, post.key, None if post.is_recalled else post.text)
                for post in self.posts[since:] if post.is_stored]

    def receipt(self):
        """Of the newest stored post the number, and how many have read it."""
        seq = max((post.seq for post in self.posts if post.is_stored), default=None)
        return seq and (seq, sum(one.read >= seq > one.joined for one in self.subscribers.values()))

    def missing(self, subscriber):
        """What `resume` brings to a subscriber who has nothing."""
        wants_posts = subscriber.flag != "Discard"
        posts = [post for post in self.history(subscriber.joined) if post[2] is not None] if wants_posts else []
        recalled = sorted(post.seq for post in self.posts if post.is_recalled) if wants_posts else []
        return {"posts": posts, "recalled": recalled, "edited": self.is_edited, "position": (self.head, self.events)}

    def view(self, accounts):
        """What can be read of it; by these accounts, for some can be read by a subscriber alone."""
        listed = sorted(self.subscribers.values(), key=lambda one: (one.place, one.name))
        readers = [one for one in listed if one.name in accounts]
        return {
            "profile": self.profile,
            "posts": self.history(),
            "receipt": self.receipt(),
            "subscribers": [(one.name, one.custom, one.flag) for one in listed],
            "unread": {one.name: self.unread(one) for one in readers},
            "histories": {one.name: self.history(one.joined) for one in readers},
            "resumed": {one.name: self.missing(one) for one in readers},
            "count": len(listed),
            "head": self.head,
            "events": self.events,
            "epoch": self.epoch,
        }


@dataclass
class Territory:
    channels: dict = field(default_factory=dict)
    # By name, whether what was issued for the account before is void: it was kicked, or is a deleted one's successor.
    accounts: dict = field(default_factory=dict)
    # Names that are not imported, and those of them that once were.
    absent: set = field(default_factory=set)
    deleted: set = field(default_factory=set)
    # Of which channels each epoch was, also of those that are gone.
    epochs: dict = field(default_factory=dict)

    def copy(self):
        return copy.deepcopy(self)

    def view(self):
        return {"there": sorted(self.channels), "listed": sorted(self.channels), "imported": sorted(self.accounts),
                "channels": {name: channel.view(self.accounts) for name, channel in self.channels.items()},
                "accounts": dict(self.accounts),
                "subscriptions": {user: {name for name, channel in self.channels.items() if user in channel.subscribers}
                                  for user in self.accounts}}


@dataclass
class Outcome:
    """What an operation answers, and the webhooks that it raises."""
    code: int = 0
    # Members of the answer, those whose value can be foretold.
    members: dict = field(default_factory=dict)
    # (channel, kind, what it tells), in their order.
    webhooks: list = field(default_factory=list)


# What operations do to a territory. Each returns its outcome; one that is refused changes nothing.

def create(territory, channel, owner, profile, most):
    if channel in territory.channels:
        return Outcome(TAKEN)
    territory.channels[channel] = Channel({**dict.fromkeys(PROFILE, ""), **profile, "Owner_Account": owner}, most)
    return Outcome(members={"OfficialAccountUserID": channel},
                   webhooks=[(channel, "CreateOfficialAccount", profile["Name"])])


def on_channel(effect):
    """An operation on a channel that is there, or whose absence is told by its code."""
    def applied(territory, channel, *arguments):
        if channel not in territory.channels:
            return Outcome(NO_CONVERSATION if effect is _recall else NO_CHANNEL)
        return effect(territory, channel, territory.channels[channel], *arguments)
    return applied


def _destroy(territory, name, channel):
    del territory.channels[name]
    return Outcome(webhooks=[(name, "OfficialAccountDestroyed", channel.profile["Name"])])


def _modify(territory, name, channel, change, most):
    channel.profile = {**channel.profile, **change}
    channel.most = most or channel.most
    channel.events += 1
    channel.is_edited = True
    told = tuple(sorted((part, text) for part, text in change.items() if part != "CustomString"))
    return Outcome(webhooks=[(name, "OfficialAccountInfoChanged", told)])


def _add(territory, name, channel, users):
    results, added, met_full = [], [], False
    for user in users:
        if user in channel.subscribers or user in added:
            results.append(2)
        elif user not in territory.accounts:
            results.append(0)
        elif len(channel.subscribers) + len(added) < channel.most:
            added.append(user)
            results.append(1)
        else:
            results.append(0)
            met_full = True
    if not added:
        if met_full and 2 not in results:
            return Outcome(FULL)
        return Outcome(members={"SubscriberList": listed(users, results)})
    was_full = len(channel.subscribers) >= channel.most
    channel.places += 1
    for user in added:
        channel.subscribers[user] = Subscriber(user, channel.places, channel.head, joined=channel.head)
    webhooks = [(name, "AddSubscriber", tuple(added))]
    if not was_full and len(channel.subscribers) >= channel.most:
        webhooks.append((name, "OfficialAccountFull", None))
    return Outcome(members={"SubscriberList": listed(users, results)}, webhooks=webhooks)


def _remove(territory, name, channel, users):
    results, removed = [], []
    for user in users:
        results.append(1 if channel.subscribers.pop(user, None) else 2)
        if results[-1] == 1:
            removed.append(user)
    channel.places += bool(removed)
    return Outcome(members={"SubscriberList": listed(users, results)},
                   webhooks=[(name, "DeleteSubscriber", tuple(removed))] if removed else [])


def listed(users, results):
    return [{"Subscriber_Account": user, "Result": result} for user, result in zip(users, results)]


def _describe(territory, name, channel, user, text):
    if user not in channel.subscribers:
        return Outcome(NOT_SUBSCRIBED)
    channel.subscribers[user].custom = text
    return Outcome()


def _send(territory, name, channel, text, is_stored):
    channel.posts.append(Post(channel.head + 1, text, is_stored))
    channel.events += 1
    return Outcome(webhooks=[(name, "SendMsg", (channel.head, text))])


def _recall(territory, name, channel, seqs):
    codes, recalled = [], []
    for seq in seqs:
        post = channel.posts[seq - 1]
        codes.append(NO_MESSAGE if post.is_recalled or not post.is_stored else 0)
        if codes[-1] == 0:
            post.is_recalled = True
            channel.events += 1
            recalled.append(seq)
    return Outcome(members={"RecallRetList": [{"MsgKey": channel.posts[seq - 1].key, "RetCode": code}
                                              for seq, code in zip(seqs, codes)]},
                   webhooks=[(name, "MsgWithDraw", tuple(recalled))] if recalled else [])


def _subscribe(territory, name, channel, user):
    if user in channel.subscribers:
        return Outcome(ALREADY)
    outcome = _add(territory, name, channel, [user])
    return Outcome(outcome.code, webhooks=outcome.webhooks)


def _unsubscribe(territory, name, channel, user):
    outcome = _remove(territory, name, channel, [user])
    return Outcome(0 if outcome.webhooks else NOT_SUBSCRIBED, webhooks=outcome.webhooks)


def _set_flag(territory, name, channel, user, flag):
    if user not in channel.subscribers:
        return Outcome(NOT_SUBSCRIBED)
    channel.places += channel.subscribers[user].flag != flag
    channel.subscribers[user].flag = flag
    return Outcome()


def _mark_read(territory, name, channel, user, seq):
    if user not in channel.subscribers:
        return Outcome(NOT_SUBSCRIBED)
    one = channel.subscribers[user]
    one.read = max(one.read, min(seq, channel.head))
    return Outcome()


destroy, modify, add, remove, describe = map(on_channel, (_destroy, _modify, _add, _remove, _describe))
send, recall = on_channel(_send), on_channel(_recall)
subscribe, unsubscribe, set_flag, mark_read = map(on_channel, (_subscribe, _unsubscribe, _set_flag, _mark_read))


def import_accounts(territory, names):
    for name in names:
        territory.accounts.setdefault(name, name in territory.deleted)
        territory.absent.discard(name)
    return Outcome()


def delete_accounts(territory, names):
    items = []
    for name in names:
        is_there = territory.accounts.pop(name, None) is not None
        items.append({"UserID": name, "ResultCode": 0 if is_there else NO_ACCOUNT})
        territory.absent.add(name)
        if is_there:
            territory.deleted.add(name)
        for channel in territory.channels.values():
            channel.places += channel.subscribers.pop(name, None) is not None
    return Outcome(members={"ResultItem": items})


def kick(territory, name):
    if name not in territory.accounts:
        return Outcome(NO_ACCOUNT)
    territory.accounts[name] = True
    return Outcome()
