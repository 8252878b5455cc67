"""Chooses what a backend does next, by its own random numbers and its own territory alone: a seed gives the same work."""
import random
from dataclasses import dataclass

import oracle
from rest import CHANNELS, LOGIN

CHANNELS_OF_EACH, MOST_ACCOUNTS, MOST_POSTS = 3, 8, 60
FLAGS = ("AcceptAndNotify", "AcceptNotNotify", "Discard")

# Every command of the API and every method of the protocol is one of these; what writes is chosen below, and reading.py
# has what reads.
READS = {"get_official_account_info", "get_subscriber_info", "get_subscribed_official_account_list",
         "official_account_msg_get_simple", "account_check", "get_broadcast_receipt",
         "getOfficialAccountsInfo", "getOfficialAccountList", "getHistoryMessageList", "getUnreadMessageCount", "resume"}
# Who is connected just now is kept nowhere, so no crash can take it.
NOT_READ = {"query_online_status"}


@dataclass
class Operation:
    # A REST command, a method of the socket, or `login`.
    name: str
    body: dict
    # Gives the outcome and changes the territory that it is given.
    effect: object
    # Whose session it goes through; None for REST.
    user: str = None
    service: str = CHANNELS
    # The Idempotency-Key; None for those whose fate is found by reading.
    key: str = None

    @property
    def command(self):
        return f"{self.service}/{self.name}"

    def __str__(self):
        body = str(self.body)
        return f"{self.name} {body if len(body) < 300 else body[:300] + '…'}" + (f" as {self.user}" if self.user else "")


class Chooser:
    """The random numbers of one backend, and the names that are its own."""

    def __init__(self, seed, number):
        self.random = random.Random(f"{seed} backend {number}")
        self.number, self.count, self.names = number, 0, 0
        self.owner = f"owner{number}"
        self.channels = [f"@TOA#_c{number}-{place}" for place in range(CHANNELS_OF_EACH)]

    def choose(self, territory):
        """The next operation; many would be refused, and some are."""
        self.count += 1
        channel = self.random.choice(self.channels)
        if channel not in territory.channels and self.random.random() < 0.8:
            operation = self.create_official_account(territory, channel)
        else:
            kinds, weights = zip(*self.weights(territory, territory.channels.get(channel)).items())
            operation = getattr(self, self.random.choices(kinds, weights)[0])(territory, channel)
        is_keyed = self.random.random() < 0.75
        if is_keyed and not operation.user:
            operation.key = f"{self.number}-{self.count}"
        return operation

    @staticmethod
    def weights(territory, channel):
        is_long = channel is not None and len(channel.posts) > MOST_POSTS
        are_many = len(territory.accounts) > MOST_ACCOUNTS
        return {"create_official_account": 1, "destroy_official_account": 30 if is_long else 2,
                "modify_official_account_base_info": 7, "add_subscriber": 10, "delete_subscriber": 5,
                "modify_subscriber_info": 4, "send_official_account_msg": 30, "official_account_msg_recall": 6,
                "account_import": 1 if are_many else 4, "multiaccount_import": 0 if are_many else 4,
                "account_delete": 12 if are_many else 2, "kick": 2, "login": 0 if are_many else 2,
                "subscribeOfficialAccount": 4, "unsubscribeOfficialAccount": 3, "setReceiveMessageOpt": 3,
                "markMessageAsRead": 5}

    # What is drawn by lot.

    def text(self, longest):
        """Mostly short, sometimes of several pages of a database."""
        length = self.random.choice((8, 8, 40, longest))
        return "".join(self.random.choices("abcdefghijklmnop éü€", k=self.random.randint(1, length)))

    def new_name(self):
        self.names += 1
        return f"user{self.number}-{self.names}"

    def user(self, territory):
        """One who is there, seldom one who is not."""
        absent, there = sorted(territory.absent), sorted(territory.accounts)
        if absent and (not there or self.random.random() < 0.1):
            return self.random.choice(absent)
        return self.random.choice(there or [f"nobody{self.number}"])

    def present(self, territory):
        return self.random.choice(sorted(territory.accounts))

    def users(self, territory, most=4):
        return list(dict.fromkeys(self.user(territory) for _ in range(self.random.randint(1, most))))

    def profile(self):
        parts = self.random.sample(oracle.PROFILE, self.random.randint(1, 3))
        longest = {"Name": 30, "Introduction": 100, "FaceUrl": 100, "Organization": 100, "CustomString": 900}
        return {part: self.text(longest[part]) for part in parts}

    # REST.

    def create_official_account(self, territory, channel):
        profile, most = {**self.profile(), "Name": self.text(30)}, self.random.choice((3, 5, 100))
        body = {"OfficialAccountUserID": channel, "Owner_Account": self.owner, "MaxSubscriberNum": most, **profile}
        return Operation("create_official_account", body,
                         lambda at: oracle.create(at, channel, self.owner, profile, most))

    def destroy_official_account(self, territory, channel):
        return Operation("destroy_official_account", {"Official_Account": channel},
                         lambda at: oracle.destroy(at, channel))

    def modify_official_account_base_info(self, territory, channel):
        change, most = self.profile(), self.random.choice((0, 0, 3, 5, 100))
        return Operation("modify_official_account_base_info",
                         {"Official_Account": channel, "MaxSubscriberNum": most, **change},
                         lambda at: oracle.modify(at, channel, change, most))

    def add_subscriber(self, territory, channel):
        users = self.users(territory, 6)
        return Operation("add_subscriber", {"Official_Account": channel,
                                            "SubscriberList": [{"Subscriber_Account": user} for user in users]},
                         lambda at: oracle.add(at, channel, users))

    def delete_subscriber(self, territory, channel):
        users = self.users(territory)
        return Operation("delete_subscriber", {"Official_Account": channel, "SubscriberToDel_Account": users},
                         lambda at: oracle.remove(at, channel, users))

    def modify_subscriber_info(self, territory, channel):
        user, text = self.user(territory), self.text(900)
        return Operation("modify_subscriber_info",
                         {"Official_Account": channel, "Subscriber_Account": user, "CustomString": text},
                         lambda at: oracle.describe(at, channel, user, text))

    def send_official_account_msg(self, territory, channel):
        text, is_stored = f"{self.count} {self.text(3500)}", self.random.random() < 0.9
        return Operation("send_official_account_msg",
                         {"Official_Account": channel, "Random": self.count, "OnlineOnlyFlag": 0 if is_stored else 1,
                          "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]},
                         lambda at: oracle.send(at, channel, text, is_stored))

    def official_account_msg_recall(self, territory, channel):
        there = territory.channels.get(channel)
        posts = [post for post in there.posts if post.is_stored] if there else []
        if not posts:
            return self.send_official_account_msg(territory, channel)
        seqs = sorted(post.seq for post in self.random.sample(posts, min(len(posts), self.random.randint(1, 4))))
        keys = [there.posts[seq - 1].key for seq in seqs]
        return Operation("official_account_msg_recall", {"Official_Account": channel, "MsgKeyList": keys},
                         lambda at: oracle.recall(at, channel, seqs))

    def account_import(self, territory, channel):
        name = self.user(territory) if self.random.random() < 0.3 else self.new_name()
        return Operation("account_import", {"UserID": name, "Nick": self.text(100)},
                         lambda at: oracle.import_accounts(at, [name]), service=LOGIN)

    def multiaccount_import(self, territory, channel):
        names = [self.new_name() for _ in range(self.random.randint(1, 4))] + self.users(territory, 2)
        return Operation("multiaccount_import", {"Accounts": names},
                         lambda at: oracle.import_accounts(at, names), service=LOGIN)

    def account_delete(self, territory, channel):
        names = self.users(territory, 2)
        return Operation("account_delete", {"DeleteItem": [{"UserID": name} for name in names]},
                         lambda at: oracle.delete_accounts(at, names), service=LOGIN)

    def kick(self, territory, channel):
        name = self.user(territory)
        return Operation("kick", {"UserID": name}, lambda at: oracle.kick(at, name), service=LOGIN)

    # The socket.

    def login(self, territory, channel):
        name = self.new_name()
        return Operation("login", {}, lambda at: oracle.import_accounts(at, [name]), user=name)

    def by_user(self, method, territory, channel, effect, **params):
        user = self.present(territory) if territory.accounts else None
        if not user:
            return self.login(territory, channel)
        return Operation(method, {"Official_Account": channel, **params}, lambda at: effect(at, channel, user), user=user)

    def subscribeOfficialAccount(self, territory, channel):
        return self.by_user("subscribeOfficialAccount", territory, channel, oracle.subscribe)

    def unsubscribeOfficialAccount(self, territory, channel):
        return self.by_user("unsubscribeOfficialAccount", territory, channel, oracle.unsubscribe)

    def setReceiveMessageOpt(self, territory, channel):
        flag = self.random.choice(FLAGS)
        return self.by_user("setReceiveMessageOpt", territory, channel,
                            lambda at, channel, user: oracle.set_flag(at, channel, user, flag), MsgFlag=flag)

    def markMessageAsRead(self, territory, channel):
        there = territory.channels.get(channel)
        seq = self.random.randint(1, max(1, there.head if there else 1))
        return self.by_user("markMessageAsRead", territory, channel,
                            lambda at, channel, user: oracle.mark_read(at, channel, user, seq), MsgSeq=seq)


WRITES = set(Chooser.weights(oracle.Territory(), None))
