"""One installation under load, and what is common to all faults."""
import contextlib
import os
import pathlib
import random
import signal
import time
from dataclasses import dataclass

from loopback.programs import wait_until

from installation import OnSQLite
from verdict import differences


class Unfelt(Exception):
    """A fault that did not show as it should."""


def felt(condition, what):
    if not condition:
        raise Unfelt(what)


@dataclass
class Scene:
    """One installation and its load."""
    installation: object
    load: object
    random: object
    # Of the kinds of disk, the one that this fault has, if it has one.
    disk: object = None
    rounds: int = 0
    lost_pages: int = 0
    # What an operator has named the application.
    name: str = ""
    # How much of the server's log was there before what is put to the test.
    heard: int = 0

    def play(self, act):
        """One round."""
        self.listen()
        act(self)
        self.rounds += 1

    def listen(self):
        """What the log has so far counts no longer."""
        self.heard = self.installation.server.log.stat().st_size

    def work(self, least, most):
        """Lets the backends work for a time drawn by lot."""
        self.load.go_on()
        time.sleep(self.random.uniform(least, most))

    def kill(self):
        server = self.installation.server
        felt(server.is_running, f"the server had ended by itself: {server.tail()}")
        self.installation.kill()
        self.load.halt()

    def cut_power(self, disk=None):
        """As if the machine had gone off when the server was killed."""
        # How much there is to lose is chance; what is drawn by lot afterwards is not to hang on it.
        self.lost_pages += (disk or self.disk).cut_power(random.Random(self.random.random()))

    def come_back(self):
        """Starts the server, and looks at everything."""
        self.installation.start()
        self.look()

    def look(self):
        self.load.halt()
        self.load.settle()
        self.load.judge()

    def look_closer(self):
        """What the server has counted, and what its files are, when it has ended."""
        installation, backends = self.installation, self.load.backends
        installation.stop()
        usage = installation.application()["usage"]
        # Each backend's owner, the reader and the administrator are besides.
        there = {"channels": sum(len(backend.territory.channels) for backend in backends),
                 "accounts": sum(len(backend.territory.accounts) + 1 for backend in backends) + 2}
        problems = differences(there, usage, "counted ")
        if isinstance(installation, OnSQLite):
            problems += installation.integrity()
        installation.start()
        return problems

    def wait_for_refusals(self, more=5, seconds=10):
        """Until the server has said that it is in trouble."""
        before, end = self.load.total("refusals"), time.monotonic() + seconds
        while self.load.total("refusals") < before + more:
            felt(time.monotonic() < end, "no call was refused")
            time.sleep(0.02)

    def demand_words(self, *words):
        """That the server's log says so, in an operator's words, since the round began or somebody listened."""
        said = self.installation.said(self.heard)
        felt(any(word in said for word in words), f"the log says nothing of {' or '.join(words)}")


@contextlib.contextmanager
def standing_still(program):
    """Stops a program and its children where they are, behind the system call that each is in; gives their process ids.

    For whoever takes away a file system: ext4 may call a sync done that meets this moment, and lose what it was for.
    """
    def is_still(pid):
        states = [(task / "stat").read_text().rpartition(")")[2].split()[0]
                  for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
        return all(state in "TtZ" for state in states)

    def stop(pid):
        everybody.append(pid)
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: is_still(pid), f"{program.name} stands still")

    everybody, parent = [], program.process.pid
    try:
        # The parent first, so that it has no more children, and buries none.
        stop(parent)
        for child in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            stop(int(child))
        yield everybody
    finally:
        for pid in everybody:
            # It may have been killed meanwhile.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
