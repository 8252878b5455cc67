"""Beside the steady load: backends of the crash tests, which do all that can be done, each in its own territory.

Channels come and go with them, and accounts; each answer is foretold, and at the end all that is there is compared.
"""
import asyncio

from backend import Backend, Gate, expected_webhooks, parked
from reading import READER
from rest import LOGIN, Faulty, Lost
from verdict import judge_webhooks, told

BACKENDS = 2
# So many operations a second have to be done at least, by all of them.
LEAST_RATE = 1


class Leisurely(Backend):
    RESTS = (0.2, 0.4, 0.8)

    def __init__(self, *known):
        super().__init__(*known)
        # Nobody cuts a connection here: an answer that does not come is one that the server has lost, or a machine with much
        # else to do.
        for caller in (self.caller, self.reader):
            caller.PATIENCE = 60

    def log_in(self, application):
        """From now on all is done under the application's newest key."""
        self.application = application
        for caller in (self.caller, self.reader):
            caller.log_in(application)

    async def attempt(self, operation):
        """Nobody breaks this server: what meets a fault or gets no answer is a problem, and is not tried again."""
        try:
            return await super().attempt(operation)
        except (Lost, Faulty) as trouble:
            self.problems.append(f"{self.name}: {operation}: {trouble!r}")
            raise


class Everything:
    def __init__(self, seed, application, host, port):
        self.gate = Gate()
        self.backends = [Leisurely(seed, number, application, host, port, self.gate) for number in range(BACKENDS)]
        self.channels = {channel for backend in self.backends for channel in backend.chooser.channels}

    async def start(self):
        await self.backends[0].caller.call(f"{LOGIN}/account_import", {"UserID": READER})
        for backend in self.backends:
            await backend.prepare()
        self.gate.is_open.set()
        self.running = [asyncio.create_task(backend.run()) for backend in self.backends]

    def log_in(self, application):
        for backend in self.backends:
            backend.log_in(application)

    async def finish(self):
        """Until nobody does anything more; then looks at all that is there, but of who has met a problem."""
        self.gate.is_open.clear()
        await parked(self.backends, self.running)
        for backend, task in zip(self.backends, self.running):
            task.cancel()
            try:
                if not backend.problems:
                    await backend.patiently(backend.judge)
            except Exception as trouble:  # whatever it is, the verdict is to show it
                backend.problems.append(f"{backend.name}: {trouble!r}")
            finally:
                backend.close()

    @property
    def acknowledged(self):
        return sum(backend.acknowledged for backend in self.backends)

    def judge(self, seconds, deliveries, verdict):
        """- deliveries: the webhooks of their channels, as they came."""
        verdict.problems += [problem for backend in self.backends for problem in backend.problems]
        if self.acknowledged < seconds * LEAST_RATE:
            verdict.problems.append(f"only {self.acknowledged} operations of every kind were done in {seconds:.0f} s")
        missing, problems = judge_webhooks(expected_webhooks(self.backends), list(map(told, deliveries)))
        verdict.webhooks_missing += missing
        verdict.problems += problems
