"""Everything that goes on while something breaks: backends that write, subscribers who listen, a webhook receiver."""
import asyncio
import random
import secrets
import time

from background import Background
from judge import (Verdict, find, judge_cap, judge_channels, judge_followers, judge_posts, judge_sessions, judge_webhooks,
                   of_ledger)
from ledger import Ledger
from receiver import Receiver
from rest import LOGIN, Application, Caller
from session import Follower, Session
from writers import Creator, Crowd, Poster

# Two applications: one whose subscribers listen, and one that is narrow everywhere.
CHANNELS, USERS, EACH, DEVICES = 8, 20, 3, ("Web", "iOS")
ROOM, CROWDS, CROWD = 20, 3, 15
# So many of each crowd have a session.
FOLLOWERS = 5
CHANNEL_QUOTA, POSTS_AN_HOUR, NARROW_CHANNELS = 40, 25, 2
LIMITS = ["callsPerSecond=0", "broadcastsPerSecond=0"]
# So long may it take until sessions and webhooks are complete after everything was written; a change of a
# subscription that the bus has lost is brought within 60 s.
PATIENCE = 75
# So long may a post take when all is well again. A node that hears nothing of the others finds it within 5 s by itself.
SOON = 2
WEBHOOKS = [f"OfficialAccount.CallbackAfter{name}" for name in
            ("CreateOfficialAccount", "AddSubscriber", "DeleteSubscriber", "SendMsg")]


class Load(Background):
    numbers = iter(range(1400000001, 1500000000))

    def __init__(self, cluster):
        super().__init__()
        self.cluster, self.receiver = cluster, Receiver()
        self.host, self.port = "127.0.0.1", cluster.proxy.port
        self.wide, self.narrow = Ledger(), Ledger()
        self.channels = [f"@TOA#_channel{number}" for number in range(CHANNELS)]
        self.crowded = "@TOA#_crowded"
        self.full = [f"@TOA#_narrow{number}" for number in range(NARROW_CHANNELS)]
        self.sessions, self.followers, self.listening, self.writers, self.callers, self.failures = [], {}, [], [], [], []

    # The beginning.

    def start(self):
        self.do(self.receiver.start(self.cluster.here))
        settings = ["--webhook-url", self.receiver.url, "--webhook-enable", *WEBHOOKS]
        self.applications = []
        for limits in ([*LIMITS, "broadcastsPerHour=0"],
                       [*LIMITS, f"channels={CHANNEL_QUOTA}", f"broadcastsPerHour={POSTS_AN_HOUR}"]):
            application = Application(next(self.numbers), secrets.token_hex(32))
            self.cluster.make_application(application.number, application.key, limits=limits, settings=settings)
            self.applications.append(application)
        self.do(self.prepare())
        self.do(self.listen())

    def caller(self, application):
        caller = Caller(application, self.host, self.port)
        self.callers.append(caller)
        return caller

    async def prepare(self):
        """Accounts, channels and subscriptions, before anything else happens."""
        wide, narrow = map(self.caller, self.applications)
        self.listeners = [f"listener{number}" for number in range(USERS)]
        self.crowds = [[f"crowd{number}-{place}" for place in range(CROWD)] for number in range(CROWDS)]
        users = [*self.listeners, *(user for crowd in self.crowds for user in crowd)]
        for caller, accounts in ((wide, ["owner", *users]), (narrow, ["owner"])):
            await self.must(caller, f"{LOGIN}/multiaccount_import", {"Accounts": accounts})
        for channel in self.channels:
            await self.create(wide, self.wide, channel)
        await self.create(wide, self.wide, self.crowded, MaxSubscriberNum=ROOM)
        for channel in self.full:
            await self.create(narrow, self.narrow, channel)
        self.subscriptions = {user: random.sample(self.channels, EACH) for user in self.listeners}
        for channel in self.channels:
            listeners = [user for user in self.listeners if channel in self.subscriptions[user]]
            self.wide.subscribers[channel] = set(listeners)
            if listeners:
                await self.must(wide, "add_subscriber", {"Official_Account": channel, "SubscriberList": [
                    {"Subscriber_Account": user} for user in listeners]})

    async def create(self, caller, ledger, channel, **more):
        await self.must(caller, "create_official_account",
                        {"OfficialAccountUserID": channel, "Owner_Account": "owner", "Name": channel, **more})
        ledger.channels.append(channel)

    @staticmethod
    async def must(caller, command, body):
        answer = await caller.call(command, body, f"prepare-{secrets.token_hex(8)}")
        assert answer["ErrorCode"] == 0, answer

    async def listen(self):
        """Opens every session, and waits until each knows where its channels are."""
        self.sessions = [Session(self.applications[0], user, device, self.host, self.port)
                         for user in self.listeners for device in DEVICES]
        self.followers = {user: Follower(self.applications[0], user, "Web", self.host, self.port)
                          for crowd in self.crowds for user in crowd[:FOLLOWERS]}
        everybody = [*self.sessions, *self.followers.values()]
        # The loop itself holds on to no task.
        self.listening = [asyncio.create_task(session.run()) for session in everybody]
        async with asyncio.timeout(60):
            for session in everybody:
                await session.ready.wait()

    # Writing.

    def write(self, undone=None):
        """Sets the writers to work; only those who post, when a ledger of what will be undone is given."""
        wide, narrow = self.applications
        self.writers = [Poster(self.caller(wide), undone or self.wide, 0.15, channel) for channel in self.channels]
        if not undone:
            self.writers += [
                *(Crowd(self.caller(wide), self.wide, 0.2, self.crowded, users) for users in self.crowds),
                *(Creator(self.caller(narrow), self.narrow, 0.4) for _ in range(2)),
                *(Poster(self.caller(narrow), self.narrow, 0.5, channel, limited=True) for channel in self.full * 2),
            ]

        async def begin():
            self.writing = [asyncio.create_task(self.watched(writer)) for writer in self.writers]

        self.do(begin())

    async def watched(self, writer):
        try:
            await writer.run()
        except Exception as problem:  # whatever it is, the table is to show it
            self.failures.append(f"{type(writer).__name__}: {problem!r}")

    def post_through(self, node):
        """The time that a node gives to a post which goes to it past HAProxy."""
        caller = Caller(self.applications[0], node.host, node.port)
        self.callers.append(caller)
        poster = Poster(caller, self.wide, 0, self.channels[0])
        self.do(poster.write())
        return poster.sent_at

    def keep(self):
        """What is acknowledged from now on counts."""
        for writer in self.writers:
            writer.ledger = self.wide

    def finish(self):
        """Lets every writer find out what became of its last write, and press against its limit."""
        async def over():
            for writer in self.writers:
                writer.over.set()
            await asyncio.gather(*self.writing)

        self.do(over())

    # The end.

    def judge(self, undone, calm_since):
        """The verdict, as soon as sessions and webhooks are complete, and after so long in any case."""
        pairs = [(self.wide, self.applications[0]), (self.narrow, self.applications[1])]
        found = [self.do(find(self.caller(application), ledger)) for ledger, application in pairs]
        end = time.monotonic() + PATIENCE
        while True:
            verdict = Verdict(problems=list(self.failures))
            for (ledger, _), there in zip(pairs, found):
                there.deliveries = of_ledger(ledger, self.receiver, bool(undone.writes), there)
                judge_posts(ledger, there, verdict)
                judge_channels(ledger, there, verdict)
                judge_webhooks(ledger, there, verdict)
            judge_cap("channels", len(self.narrow.channels), CHANNEL_QUOTA, verdict)
            judge_cap("subscribers", len(found[0].subscribers[self.crowded]), ROOM, verdict)
            for channel in self.full:
                judge_cap(f"posts of {channel}", len(found[1].histories[channel]), POSTS_AN_HOUR, verdict)
            judge_sessions(self.sessions, found[0].histories, verdict)
            judge_followers(self.followers, found[0].subscribers, verdict)
            if verdict or time.monotonic() > end:
                break
            time.sleep(0.2)
        if (delay := self.delivery(calm_since)) > SOON:
            verdict.problems.append(f"after the fault posts took {delay:.1f} s to the sessions")
        return verdict

    def close(self):
        self.end(self.receiver, self.callers)

    # What was felt of it.

    @property
    def writes(self):
        return self.wide.writes + self.narrow.writes

    @property
    def retries(self):
        return sum(caller.retries for caller in self.callers)

    @property
    def longest_wait(self):
        return max(caller.longest for caller in self.callers)

    def forget_waits(self):
        """From now on ``longest_wait`` is of what comes."""
        for caller in self.callers:
            caller.longest = 0

    def delivery(self, since, until=float("inf")):
        """How long posts that were acknowledged in that time took to the sessions: 95 in 100 no longer than this."""
        posts = [(channel, post) for channel, posts in self.wide.posts.items() for post in posts
                 if since < post.at < until]
        never = float("inf")
        delays = sorted(max(session.views[channel].arrivals.get(post.text, never) - post.at, 0)
                        for channel, post in posts for session in self.sessions if channel in session.views)
        return delays[len(delays) * 95 // 100] if delays else never

    @property
    def breaks(self):
        return sum(session.breaks for session in self.sessions)

    @property
    def reloads(self):
        return sum(session.reloads for session in self.sessions)
