"""What all round trips have: an original that is written to, and copies of it that are judged."""
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field

from loopback.programs import Failed

from installation import APPLICATION, OnSQLite
from load import Load
from rest import Application
from witness import Witness


class Wrong(Exception):
    """A command that did what it must not do."""


@dataclass
class Count:
    rounds: int = 0
    acknowledged: int = 0
    moments: int = 0
    killed: int = 0
    refused: int = 0
    problems: list = field(default_factory=list)


class Trip:
    """An original under load, and copies of it, one after the other."""

    def __init__(self, binary, directory, seed, kind):
        self.binary, self.directory, self.random, self.count = binary, directory, random.Random(seed), Count()
        self.original = self.make(kind, "original")
        self.load = Load(seed)
        self.original.make_application(self.load.receiver.url)
        self.original.start()
        self.load.start(self.original)
        self.application = Application(APPLICATION, self.original.key)
        self.copy = None

    def make(self, kind, name, **more):
        place = self.directory / name
        place.mkdir(mode=0o755)
        return kind(self.binary, place, **more)

    def work(self, least, most):
        self.load.go_on()
        time.sleep(self.random.uniform(least, most))

    def take(self, file, *words):
        """A file that a command makes of the original while the load goes on; sometimes it is killed and made again."""
        witness = Witness(self.load)
        self.make_file(file, *words)
        self.load.halt()
        self.load.settle()
        witness.learn_epochs(self.original, self.application)
        self.count.moments += witness.moments()
        return witness

    def make_file(self, file, *words):
        if self.random.random() < 0.5:
            self.kill(self.original.begin(*words))
        if not file.exists():
            self.original.command(*words)

    def kill(self, process):
        """At a moment drawn by lot, which may be after its end."""
        try:
            process.wait(self.random.uniform(0.02, 0.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.count.killed += 1

    def judge(self, witness, copy):
        """Starts the copy, and looks at everything in it."""
        self.copy = copy
        copy.start()
        self.count.problems += witness.judge(copy, self.application)
        copy.stop()
        if isinstance(copy, OnSQLite):
            self.count.problems += copy.integrity()
        self.discard()

    def discard(self):
        self.copy.close()
        shutil.rmtree(self.copy.directory)
        self.copy = None

    def go(self):
        self.work(0.3, 1.5)
        self.round()
        self.count.rounds += 1
        self.count.problems += self.load.problems

    def finish(self):
        self.load.finish()
        self.count.acknowledged = self.load.total("acknowledged")
        self.count.problems += self.load.problems
        if not self.count.moments:
            self.count.problems.append(f"nothing was written while {self.count.rounds} copies were made")

    def close(self):
        if self.copy:
            self.copy.close()
        self.original.close()
        self.load.close()


def is_refused(installation, *words):
    try:
        installation.command(*words)
    except Failed:
        return True
    return False
