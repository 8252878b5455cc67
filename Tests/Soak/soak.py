"""The course of a soak: everybody begins, goes on for so many minutes, comes to rest, and is judged."""
import asyncio
import csv
import time

from aging import Aging
from backends import Backends
from book import Book
from closing import closing_line
from everything import Everything
from figures import figures
from growth import judge_growth, judge_log
from hooks import Unsteady
from installation import APPLICATION
from judge import Verdict, judge_cuts, judge_receipts, judge_work, match_changes
from loopback.programs import Failed
from plan import Plan
from record import Record
from rest import LOGIN
from sampling import Sampler, delivery_times
from subscribers import Subscribers
from telling import judge_webhooks
from visiting import Visitor

# Sessions that begin a second; of all of them so many go away a second, and so many change what they subscribe to.
OPENING, LEAVING, CHANGING = 400, 1 / 250, 1 / 1000
# At which parts of the time the application's key is changed: in the first half, for what thousands of logins at once take
# of memory is no steady load.
ROTATIONS = (0.12, 0.32)
# So long may it take until every session has everything, and until every webhook was taken: a channel that was refused
# five times in a row waits for 600 s, which is rare.
PATIENCE, WEBHOOK_PATIENCE = 90, 630
# A slow reader may have several answers of a megabyte before him, on a machine with much else to do.
REST_PATIENCE = 300
BATCH = 100


class Soak:
    def __init__(self, options, installation, results, say):
        self.options, self.installation, self.results, self.say = options, installation, results, say
        self.plan = Plan(options.sessions, options.seed)
        self.record = Record(self.plan)
        self.receiver = Unsteady(APPLICATION, options.seed)
        self.subscribers = Subscribers(installation.directory, self.plan, options.seed)
        self.verdict = Verdict()

    async def play(self):
        try:
            await self.begin()
            await self.go_on()
            await self.come_to_rest()
            self.sampling.cancel()
            await self.subscribers.close()
            await self.compare_descriptors()
        finally:
            await self.subscribers.close()
            await self.receiver.close()
        self.backends.close()

    # The beginning.

    async def begin(self):
        installation = self.installation
        await self.receiver.start("127.0.0.1")
        installation.make()
        shown = installation.shown()
        self.application, self.receiver.secret = installation.newest(), shown["webhookSecret"]
        self.aging = Aging(installation, self.application, self.options.minutes)
        for ahead, stint in self.aging.prepare():
            await self.aging.post(ahead, stint)
        installation.tell(self.receiver.url)
        installation.start()
        self.say(f"the server runs as {installation.server.process.pid}")
        self.backends = Backends(self.plan, self.record, self.application, installation.host, installation.port,
                                 self.options.seed)
        await self.prepare()
        self.everything = Everything(self.options.seed, self.application, installation.host, installation.port)
        self.receiver.others = self.everything.channels
        self.sampler = Sampler(installation.server.process.pid, installation.heap, self.results / "samples.csv",
                               installation.data)
        self.descriptors = self.sampler.process()[1]
        await self.subscribers.start(self.application, installation.port)
        self.subscribers.say("open", OPENING)
        await self.everybody("has begun")
        self.say(f"{len(self.plan.members)} sessions are live")

    async def prepare(self):
        """Accounts, channels and subscriptions."""
        call, users = self.backends.call, ["owner", *self.plan.users]
        for first in range(0, len(users), BATCH):
            await call(f"{LOGIN}/multiaccount_import", {"Accounts": users[first:first + BATCH]})
        for channel in self.plan.channels:
            await call("create_official_account", {"OfficialAccountUserID": channel.name, "Owner_Account": "owner",
                                                   "Name": f"Soak {channel.number}"})
            for first in range(0, len(channel.subscribers), BATCH):
                some = [{"Subscriber_Account": user} for user in channel.subscribers[first:first + BATCH]]
                await call("add_subscriber", {"Official_Account": channel.name, "SubscriberList": some})
        if self.record.problems:
            raise Failed(self.record.problems[0])

    async def everybody(self, what, seconds=PATIENCE):
        """Waits until each session is there and lacks nothing that it has asked for."""
        end = time.monotonic() + seconds
        while (stats := await self.subscribers.stats())["ready"] < len(self.plan.members) or stats["pending"]:
            if time.monotonic() > end:
                raise Failed(f"not everybody {what}: {stats}, {await self.subscribers.write(self.results / 'book')}")
            await asyncio.sleep(0.2)

    # The middle.

    async def go_on(self):
        self.receiver.be_unsteady()
        self.visitor = Visitor(self.installation, APPLICATION, self.plan)
        self.visitor.start()
        self.began, self.sampler.began = time.monotonic(), time.monotonic()
        self.sampling = asyncio.create_task(self.sampler.run(self.subscribers, self.record, self.receiver))
        self.backends.start(self.options.rate)
        await self.everything.start()
        self.churn()
        seconds = self.options.minutes * 60
        for part in ROTATIONS:
            await self.until(part * seconds)
            await self.rotate()
        await self.until(seconds)

    def churn(self):
        count = len(self.plan.members)
        self.subscribers.say("churn", count * LEAVING, count * CHANGING)

    async def until(self, second):
        while (left := self.began + second - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 60))
            if self.sampling.done():
                raise Failed(f"nothing is sampled any more: {self.sampling.exception()!r}")
            if self.sampler.samples:
                self.tell()

    def tell(self):
        sample = self.sampler.samples[-1]
        self.say(f"{sample['second'] / 60:.1f} min: {sample['sessions']} sessions, {sample['receipts'] + sample['resumed']} "
                 f"receipts, {sample['posts']} posts, {sample['webhooks']} webhooks, {sample['heap_mb']:.1f} MB and "
                 f"{sample['pages_mb']:.1f} of SQLite's pages in use of {sample['resident_mb']:.1f}")

    async def rotate(self):
        """A new key; when everybody logs in under it, the old one is taken away, and with it the sessions that it began.

        Everybody reads and nobody's subscriptions are changed in that moment: of what is cut off nobody knows what became.
        """
        installation = self.installation
        await asyncio.to_thread(installation.rotate)
        self.application = await asyncio.to_thread(installation.newest)
        await asyncio.sleep(6)
        self.backends.log_in(self.application)
        self.everything.log_in(self.application)
        self.subscribers.renew(self.application)
        await asyncio.sleep(8)
        await self.hold_changes()
        self.subscribers.end_outdated()
        await asyncio.to_thread(installation.rotate, "--finish")
        # The server follows within 5 s.
        await asyncio.sleep(7)
        await self.everybody("logged in under the new key")
        self.churn()
        self.backends.may_change.set()
        self.say("the application's key is another")

    async def hold_changes(self):
        self.subscribers.say("calm")
        await self.backends.hold_changes()
        # Whoever had asked has been answered.
        await asyncio.sleep(4)

    # The end.

    async def come_to_rest(self):
        await self.hold_changes()
        await self.backends.finish()
        await self.everything.finish()
        self.receiver.is_calm = True
        self.subscribers.aim(of.head for of in self.record.channels)
        await self.everybody("came back", REST_PATIENCE)
        end = time.monotonic() + PATIENCE
        while (await self.subscribers.stats())["behind"] and time.monotonic() < end:
            await asyncio.sleep(0.2)
        end = time.monotonic() + WEBHOOK_PATIENCE
        while await asyncio.to_thread(self.waiting_webhooks) and time.monotonic() < end:
            await asyncio.sleep(1)
        await asyncio.to_thread(self.visitor.stop)
        # Those who come late, and what is told twice.
        await asyncio.sleep(2)
        self.stats = await self.subscribers.stats()
        self.faults = await self.subscribers.write(self.results / "book")
        self.expired, wrong = await self.aging.look(self.backends.callers[0])
        self.verdict.problems += wrong
        if unswept := await asyncio.to_thread(self.aging.unswept):
            self.verdict.problems.append(f"{unswept} posts that are too old were not swept")
        if not self.expired:
            self.verdict.problems.append("no post grew too old")

    def waiting_webhooks(self):
        return int(self.installation.ask_storage("SELECT count(*) FROM outbox"))

    async def compare_descriptors(self):
        """When all sessions are gone the server has as many open files as before they came."""
        end = time.monotonic() + 30
        while self.sampler.process()[1] > self.descriptors + 10 and time.monotonic() < end:
            await asyncio.sleep(0.5)
        left = self.sampler.process()[1]
        self.say(f"descriptors: {self.descriptors} before the sessions, {left} after them")
        if left > self.descriptors + 10:
            self.verdict.problems.append(f"{left} descriptors are open; before the sessions there were {self.descriptors}")

    # The judgement.

    def judge(self):
        verdict, record = self.verdict, self.record
        book = Book((self.results / "book").read_text().splitlines())
        verdict.problems += self.faults + record.problems + self.receiver.problems + self.visitor.problems
        if self.stats["faults"] > len(self.faults):
            verdict.problems.append(f"{self.stats['faults']} faults of sessions altogether")
        judge_work(record, self.options.rate * self.options.minutes * 60, verdict)
        match_changes(book, record, self.plan, verdict)
        judge_receipts(book, record, self.plan, verdict)
        judge_cuts(self.stats["cut"], self.plan, verdict)
        judge_webhooks(self.receiver.own(), record, book, self.plan, verdict)
        self.everything.judge(self.options.minutes * 60, self.receiver.of_others(), verdict)
        # As long as there was a load.
        loaded = [sample for sample in self.sampler.samples if sample["second"] <= self.options.minutes * 60]
        self.growth = judge_growth(loaded, verdict)
        judge_log(self.installation.said().splitlines(), verdict)
        self.draw(book)
        return verdict

    def draw(self, book):
        delivery = delivery_times(self.record, book, self.began)
        with open(self.results / "delivery.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, ["second", "posts", "p50_ms", "p99_ms", "longest_ms"])
            writer.writeheader()
            writer.writerows(delivery)
        for name, text in figures(self.sampler.samples, delivery).items():
            (self.results / f"{name}.svg").write_text(text)

    def summary(self):
        """What was done, beside the one line."""
        stats, record, receiver = self.stats, self.record, self.receiver
        return [
            f"{record.posts} posts, {sum(len(of.recalls) for of in record.channels)} recalls, "
            f"{sum(len(of.edits) for of in record.channels)} edits, {record.calls} REST calls, {record.retried} retried",
            f"{self.everything.acknowledged} operations of every kind beside them",
            f"{stats['opened']} logins, {stats['resumes']} answers to resume with {stats['resumed']} posts, "
            f"{stats['lags']} times too slow, {self.verdict.reloads} times too far behind by {self.verdict.to_reload} posts in "
            f"all, {stats['expired']} sessions ended by a key's end and {stats['cut']} "
            f"slow ones cut off then amid what they read, "
            f"{stats['subscribed']} subscriptions and {stats['unsubscribed']} ends of them, "
            f"{stats['repeats']} repetitions kept back, {stats['late']} late online-only posts",
            f"{len(receiver.deliveries)} webhooks and {receiver.repeats} repetitions; {receiver.refused} refused, "
            f"{receiver.slow} answered late, {receiver.cut} cut off; {receiver.asked} \"before\" webhooks",
            f"{self.visitor.pages} pages of the console, {self.visitor.scrapes} scrapes, {self.expired} posts grew too old",
            f"in the second half the heap in use {self.growth.heap:+.1f} MB/h, resident memory "
            f"{self.growth.resident:+.1f} MB/h" + ("" if self.growth.is_judged else ", much of it warm-up, which may grow"),
        ]

    def line(self):
        return closing_line(self.options.minutes, len(self.plan.members), self.verdict, len(self.receiver.deliveries),
                            self.growth.heap if self.growth.is_judged else None)
