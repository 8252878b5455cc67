"""The backends of an application, its receiver of webhooks, and what is judged of both."""
import asyncio
import random
import time

from backend import Backend, Gate, expected_webhooks, parked
from background import Background
from installation import APPLICATION
from reading import READER
from receiver import Receiver
from rest import LOGIN, Application, Caller
from verdict import judge_webhooks, told

BACKENDS = 5
# So long may it take until the outbox is empty; an event that was refused twice comes after 6 s.
PATIENCE = 45


class Fickle(Receiver):
    """Takes most events at once, and some the second time only."""

    def __init__(self, seed):
        super().__init__()
        self.random, self.refused = random.Random(f"{seed} receiver"), set()

    def take(self, delivery, body):
        if delivery not in self.deliveries and delivery not in self.refused and self.random.random() < 0.01:
            self.refused.add(delivery)
            return False
        return super().take(delivery, body)


class Load(Background):
    def __init__(self, seed):
        super().__init__()
        self.seed = seed
        self.backends = []
        self.do(self.receive())

    async def receive(self):
        self.gate, self.receiver = Gate(), Fickle(self.seed)
        await self.receiver.start("127.0.0.1")

    def start(self, installation):
        application = Application(APPLICATION, installation.key)
        self.backends = [Backend(self.seed, number, application, installation.host, installation.port, self.gate)
                         for number in range(BACKENDS)]
        self.caller = Caller(application, installation.host, installation.port)
        self.do(self.begin())

    async def begin(self):
        await self.caller.call(f"{LOGIN}/account_import", {"UserID": READER})
        for backend in self.backends:
            await backend.prepare()
        self.running = [asyncio.create_task(backend.run()) for backend in self.backends]

    # Rounds.

    def go_on(self):
        self.loop.call_soon_threadsafe(self.gate.is_open.set)

    def halt(self):
        """Nobody begins anything more."""
        self.loop.call_soon_threadsafe(self.gate.is_open.clear)

    def settle(self):
        """Waits until nobody does anything more; needs a server that answers, or none."""
        self.do(parked(self.backends, self.running))

    def judge(self):
        """The problems that a look at everything shows, while nobody does anything."""
        async def look(backend):
            await backend.patiently(backend.judge)
            backend.count_doubt()

        async def look_at_all():
            await asyncio.gather(*map(look, self.backends))
        self.do(look_at_all())
        return self.problems

    @property
    def problems(self):
        return [problem for backend in self.backends for problem in backend.problems]

    def finish(self):
        """Everybody finds out what became of the last operation."""
        async def over():
            for backend in self.backends:
                await backend.come_to_know()
        self.do(over())

    def judge_webhooks(self):
        """How many did not come, and the problems; as soon as all are there, and after a while in any case."""
        expected = expected_webhooks(self.backends)
        end = time.monotonic() + PATIENCE
        while True:
            deliveries = list(self.receiver.deliveries.values())
            missing, problems = judge_webhooks(expected, list(map(told, deliveries)))
            if not problems or time.monotonic() > end:
                return missing, problems
            time.sleep(0.1)

    def close(self):
        self.end(self.receiver, self.backends)

    def total(self, what):
        return sum(getattr(backend, what) for backend in self.backends)
