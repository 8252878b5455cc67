"""A backend that does one thing after the other in its own territory, and knows what has become of each."""
import asyncio
import random
import time
from dataclasses import dataclass

from oracle import Territory
from operations import Chooser
from reading import learn, read
from rest import LOGIN, SERVER_FAULTS, Caller, Faulty, Impatient, Lost
from talk import NotLetIn, Talk, code_of
from verdict import differences

# For so many seconds a server may be in trouble yet that has come back.
PATIENCE = 30
# So many seconds a backend may take to come to a closed gate: longer than anybody waits for one answer.
GATE_PATIENCE = 90


class Gate:
    """Closed while something is broken or judged; who comes to it then waits."""

    def __init__(self):
        self.is_open = asyncio.Event()

    async def pass_through(self, backend):
        backend.is_parked = not self.is_open.is_set()
        await self.is_open.wait()
        backend.is_parked = False


@dataclass
class Moment:
    """A territory as an operation has left it, and when that began and was acknowledged, by the monotonic clock."""
    territory: Territory
    begun: float
    settled: float


class Backend:
    # A short rest between two operations, in seconds, so that several backends share one commit sometimes and not always.
    RESTS = (0, 0.003, 0.01, 0.02)

    def __init__(self, seed, number, application, host, port, gate):
        self.application, self.host, self.port, self.gate = application, host, port, gate
        self.chooser, self.caller = Chooser(seed, number), Caller(application, host, port)
        self.reader = Impatient(application, host, port)
        self.territory, self.webhooks, self.is_parked = Territory(), [], True
        # What is under way: the operation, the territory as it will be, what it answers; None between two operations.
        self.pending = None
        # When it began.
        self.begun = 0.0
        # Whether nobody knows what became of an attempt; whether the last answer said that the server is in trouble.
        self.is_doubtful = self.was_refused = False
        # What reading has shown of a doubtful one: whether it was done. None until it was read.
        self.was_found = None
        self.acknowledged = self.refusals = self.found_done = self.found_undone = self.refused_but_done = 0
        # How often the server was still in trouble when somebody had to know something.
        self.asked_again = 0
        self.problems = []
        # What there was, a Moment after each operation; kept for who wants to know them.
        self.moments = None

    @property
    def name(self):
        return f"backend {self.chooser.number}, operation {self.chooser.count}"

    async def prepare(self):
        answer = await self.caller.call(f"{LOGIN}/account_import", {"UserID": self.chooser.owner})
        assert answer["ErrorCode"] == 0, answer

    def close(self):
        self.caller.close()
        self.reader.close()

    async def run(self):
        while not self.problems:
            await self.gate.pass_through(self)
            if not self.pending:
                self.begin()
            try:
                await self.advance()
            except Lost:
                await asyncio.sleep(0.02)
            except Faulty:
                self.refusals += 1
                await asyncio.sleep(0.1)
            await asyncio.sleep(random.choice(self.RESTS))

    def begin(self):
        operation = self.chooser.choose(self.territory)
        after = self.territory.copy()
        self.pending, self.begun = (operation, after, operation.effect(after)), time.monotonic()

    async def advance(self):
        """Tries what is under way; Lost or Faulty when the server is in trouble."""
        operation, after, outcome = self.pending
        if self.is_doubtful and not operation.key:
            if self.was_found is None:
                await self.judge()
            if self.problems:
                return
            if self.was_found:
                return self.settle()
        try:
            answer = await self.attempt(operation)
        except (Lost, Faulty) as trouble:
            self.is_doubtful, self.was_refused, self.was_found = True, isinstance(trouble, Faulty), None
            raise
        self.check(operation, after, outcome, answer)
        self.settle()

    async def attempt(self, operation):
        """What is answered, as REST does."""
        if not operation.user:
            answer = await self.caller.attempt(operation.command, operation.body, operation.key)
            if answer["ErrorCode"] in SERVER_FAULTS:
                raise Faulty(answer)
            return answer
        try:
            async with Talk(self.application, operation.user, self.host, self.port, patience=self.caller.PATIENCE) as talk:
                method = operation.name if operation.body else "getOfficialAccountsInfo"
                answer = await talk.request(method, operation.body or {"OfficialAccountIdList": []})
        except NotLetIn as refusal:
            return {"ErrorCode": refusal.code}
        return {"ErrorCode": code_of(answer)}

    def check(self, operation, after, outcome, answer):
        """That the answer is the one that was foretold."""
        if answer["ErrorCode"] != outcome.code or not agrees(answer, outcome.members):
            self.problems.append(f"{self.name}: {operation} answers {answer}, not {outcome.code} {outcome.members}")
        elif operation.name == "send_official_account_msg" and outcome.code == 0:
            channel = after.channels[operation.body["Official_Account"]]
            channel.posts[-1].key = answer["MsgKey"]
            if int(answer["MsgKey"].split("_")[0]) != channel.head:
                self.problems.append(f"{self.name}: {operation} got {answer['MsgKey']}, and the head is {channel.head}")

    def settle(self):
        _, self.territory, outcome = self.pending
        self.webhooks += outcome.webhooks
        self.acknowledged += 1
        self.pending, self.is_doubtful, self.was_refused, self.was_found = None, False, False, None
        if self.moments is not None:
            self.moments.append(Moment(self.territory, self.begun, time.monotonic()))

    # What is there.

    async def look(self):
        names = self.territory.accounts.keys() | self.territory.absent
        if self.pending:
            names |= self.pending[1].accounts.keys()
        # What there was of it may have ended with a server.
        self.reader.close()
        return await read(self.reader, self.application, self.chooser.channels, sorted(names), self.host, self.port)

    async def come_to_know(self):
        """Finds out what became of what is under way."""
        while self.pending and not self.problems:
            await self.patiently(self.advance)

    async def patiently(self, work):
        """Does it again until the server is in trouble no more; Lost or Faulty when that takes too long."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return await work()
            except (Lost, Faulty):
                if time.monotonic() > end:
                    raise
                self.asked_again += 1
            await asyncio.sleep(0.1)

    async def judge(self):
        """Compares what is there with what should be."""
        self.compare(await self.look())

    def compare(self, seen):
        """Notes the differences; there are none when it is as before what is under way, or as after it."""
        before, after = self.territory, self.pending[1] if self.pending and self.is_doubtful else None
        problems = learn(before, seen) + (learn(after, seen) if after else [])
        from_before = differences(before.view(), seen)
        from_after = differences(after.view(), seen) if after else None
        if self.is_doubtful:
            self.was_found = bool(from_before) and not from_after
        if from_before and (after is None or from_after):
            doing = f" while {self.pending[0]} was under way" if after else ""
            problems.append(f"{self.name}{doing}: {'; '.join(min(from_before, from_after or from_before, key=len)[:5])}")
        self.problems += problems

    def count_doubt(self):
        """What became of the operation that was under way at the end of a round."""
        if self.is_doubtful:
            self.found_done += self.was_found
            self.found_undone += not self.was_found
            self.refused_but_done += self.was_found and self.was_refused


async def parked(backends, tasks):
    """Waits until all have come to a closed gate, and ends who does not; of whose task has ended the reason is a problem."""
    end = time.monotonic() + GATE_PATIENCE
    for backend, task in zip(backends, tasks):
        while not backend.is_parked and not task.done() and time.monotonic() < end:
            await asyncio.sleep(0.005)
        if task.done():
            if not task.cancelled() and task.exception():
                backend.problems.append(f"{backend.name}: {task.exception()!r}")
        elif not backend.is_parked:
            doing = backend.pending[0] if backend.pending else "nothing"
            backend.problems.append(f"{backend.name}: not at the gate in {GATE_PATIENCE} s; under way is {doing}")
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def expected_webhooks(backends):
    """Of each channel what was to be told, in order."""
    expected = {}
    for backend in backends:
        for channel, kind, what in backend.webhooks:
            expected.setdefault(channel, []).append((kind, what))
    return expected


def agrees(answer, members):
    """Whether an answer has these members, whatever else it has."""
    if isinstance(members, dict):
        return isinstance(answer, dict) and all(name in answer and agrees(answer[name], members[name]) for name in members)
    if isinstance(members, list):
        return isinstance(answer, list) and len(answer) == len(members) and all(map(agrees, answer, members))
    return answer == members
