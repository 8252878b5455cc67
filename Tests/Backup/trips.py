"""The ways out of an installation and back into another, each taken while the original is written to."""
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field

from loopback.programs import Failed

from installation import APPLICATION, OnSQLite
from load import Load
from postgres import OnPostgres
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

    def make(self, kind, name):
        place = self.directory / name
        place.mkdir(mode=0o755)
        return kind(self.binary, place)

    def work(self, least, most):
        self.load.go_on()
        time.sleep(self.random.uniform(least, most))

    def take(self, file, *words):
        """A file that a command makes of the original while the load goes on; sometimes it is killed and made again."""
        witness = Witness(self.load)
        if self.random.random() < 0.5:
            self.kill(self.original.begin(*words))
        if not file.exists():
            self.original.command(*words)
        self.load.halt()
        self.load.settle()
        self.count.moments += witness.moments()
        return witness

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


class Backups(Trip):
    """Backups that stand alone, restored."""

    def __init__(self, binary, directory, seed):
        super().__init__(binary, directory, seed, OnSQLite)

    def round(self):
        file = self.directory / f"backup-{self.count.rounds}"
        self.restore(self.take(file, "backup", file), file)
        file.unlink()

    def restore(self, witness, file):
        copy = self.make(OnSQLite, "copy")
        directory = copy.data / "rostrum"
        directory.mkdir(mode=0o700)
        shutil.copy(self.original.data / "rostrum/master.key", directory)
        copy.command("restore", file)
        # There is something now, and it stays.
        if not is_refused(copy, "restore", file):
            raise Wrong("a restore went over a data directory that was there")
        self.count.refused += 1
        self.judge(witness, copy)


class Increments(Backups):
    """Each backup has what is new since the one before it."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.files = []

    def round(self):
        file = self.directory / f"backup-{self.count.rounds}"
        since = ["--since", self.files[-1]] if self.files else []
        witness = self.take(file, "backup", file, *since)
        self.files.append(file)
        self.restore(witness, file)


class DamagedBackups(Backups):
    """A backup of which one bit is another, or that was cut off, makes no data directory, or the right one.

    It may be right: an increment needs nothing of a block that it has itself.
    """

    def round(self):
        file, base = self.directory / "backup", self.directory / "base"
        self.take(base, "backup", base)
        self.work(0.1, 0.3)
        witness = self.take(file, "backup", file, "--since", base)
        for _ in range(10):
            victim = self.random.choice([file, base])
            whole = victim.read_bytes()
            victim.write_bytes(self.damage(whole))
            self.try_damaged(file, witness, victim)
            victim.write_bytes(whole)
        file.unlink()
        base.unlink()

    def try_damaged(self, file, witness, victim):
        copy = self.copy = self.make(OnSQLite, "copy")
        if is_refused(copy, "restore", file):
            self.count.refused += 1
            if copy.database.exists():
                raise Wrong(f"a refused restore left {copy.database.name}")
            self.discard()
        elif victim == file:
            raise Wrong(f"{victim.name} is damaged, and was restored")
        else:
            shutil.copy(self.original.data / "rostrum/master.key", copy.data / "rostrum")
            self.judge(witness, copy)

    def damage(self, whole):
        place = self.random.randrange(len(whole))
        if self.random.random() < 0.2:
            return whole[:place]
        return whole[:place] + bytes([whole[place] ^ 1 << self.random.randrange(8)]) + whole[place + 1:]


class Moves(Trip):
    """An application, exported while it is served, and imported elsewhere; the import is sometimes killed."""

    origin, goal = OnSQLite, OnPostgres

    def __init__(self, binary, directory, seed):
        super().__init__(binary, directory, seed, self.origin)

    def round(self):
        file = self.directory / "application.ndjson"
        # An export that was killed goes on only when the application is off: it is of one moment.
        file.with_name(f"{file.name}.partial").unlink(missing_ok=True)
        witness = self.take(file, "export", APPLICATION, file, "--secrets")
        copy = self.copy = self.make(self.goal, "copy")
        copy.key = self.original.key
        if isinstance(copy, OnPostgres):
            copy.make_database()
        for _ in range(self.random.randrange(3)):
            self.kill(copy.begin("import", file))
        copy.command("import", file)
        # Once more changes nothing.
        copy.command("import", file)
        file.unlink()
        self.judge(witness, copy)


class MovesBack(Moves):
    origin, goal = OnPostgres, OnSQLite


TRIPS = {
    "backup, restore": Backups,
    "increments, restore": Increments,
    "damaged backups": DamagedBackups,
    "export from SQLite, import into PostgreSQL": Moves,
    "export from PostgreSQL, import into SQLite": MovesBack,
}
