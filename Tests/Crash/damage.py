"""Damage that a disk does to the files of a killed server, and what the next server says of it."""
import contextlib
import random
import shutil
import sqlite3
import time
from dataclasses import dataclass, field

from loopback.programs import Failed

from backend import Moment
from installation import PAGE, OnSQLite
from load import Load
from postgres import OnPostgres
from reading import Refused, learn, read
from rest import Faulty, Impatient, Lost
from talk import NotLetIn
from verdict import as_far_as, differences, without_epochs

FRAME, WAL_HEADER = PAGE + 24, 32
POSTGRESQL_PAGE = 8192
# What the server's log calls it, behind the name of the file or the host.
WORDS = "is damaged"
# What it says of a log whose last transaction is passed over.
TORN_WORDS = "what was written last is torn at"


@dataclass
class Damage:
    name: str
    # Does it to an installation's files, and says what it did.
    act: object
    # Whether it is one of the database, not of its log.
    is_of_database: bool = False
    is_quick: bool = False
    # What it is tried on; by default a killed server on SQLite.
    specimen: type = None
    # How large a file has to be, of which there are several.
    least_bytes: int = 1


def flip(path, draw, begin=0, end=None):
    """One bit, from `begin` on and before `end`."""
    data = bytearray(path.read_bytes())
    place = draw.randrange(begin, end or len(data))
    data[place] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    return f"bit of byte {place} of {path.name}"


def tear(path, draw, unit, header, begin=None, end=None):
    """One page of which only the first sectors were written; the rest is what stood in another, also in one before `begin`."""
    data = bytearray(path.read_bytes())
    units = ((end or len(data)) - header) // unit
    one = draw.randrange(((begin or header) - header) // unit, units)
    other = draw.choice([place for place in range(units) if place != one])
    cut = draw.randrange(1, 8) * 512
    begin, source = header + one * unit, header + other * unit
    data[begin + cut:begin + unit] = data[source + cut:source + unit]
    path.write_bytes(data)
    return f"page {one} of {path.name} from byte {cut} on, which is of page {other}"


def zero_database(installation, draw):
    data = bytearray(installation.database.read_bytes())
    page = draw.randrange(len(data) // PAGE)
    data[page * PAGE:(page + 1) * PAGE] = bytes(PAGE)
    installation.database.write_bytes(data)
    return f"page {page} of the database, which is zeros"


def cut_database(installation, draw):
    size = installation.database.stat().st_size
    kept = draw.randrange(1, size // PAGE) * PAGE
    with open(installation.database, "r+b") as file:
        file.truncate(kept)
    return f"the database from byte {kept} on"


def last_two(wal):
    """Where the last two transactions of the log begin and end: not all damage to those can be told from a crash."""
    data = wal.read_bytes()
    salts, commits = data[16:24], [WAL_HEADER]
    for place in range(WAL_HEADER, len(data) - FRAME + 1, FRAME):
        if data[place + 8:place + 16] != salts:
            break
        if data[place + 4:place + 8] != bytes(4):
            commits.append(place + FRAME)
    return commits[-3], commits[-1]


def flip_wal(installation, draw):
    begin, _ = last_two(installation.wal)
    return flip(installation.wal, draw, end=begin)


def tear_wal(installation, draw):
    begin, _ = last_two(installation.wal)
    return tear(installation.wal, draw, FRAME, WAL_HEADER, end=begin)


def damage_end(installation, draw):
    """A bit or a frame of the last two transactions."""
    span = last_two(installation.wal)
    if draw.random() < 0.5:
        return flip(installation.wal, draw, *span)
    return tear(installation.wal, draw, FRAME, WAL_HEADER, *span)


@dataclass
class Specimen:
    """A killed server's files, and what they hold; each try damages a copy."""
    # What /readyz may say of a storage that has shown damage: nothing is written any more.
    READINESS = (503,)
    # How many of a backend's last operations may be gone.
    MOST_GONE = 0

    binary: object
    directory: object
    seed: str
    copies: int = 0
    at_start: int = 0
    when_met: int = 0
    # How many were served without what was done last.
    shorter: int = 0
    without_effect: int = 0
    problems: list = field(default_factory=list)

    def make(self, damage):
        place = self.directory / "original"
        place.mkdir()
        self.original = OnSQLite(self.binary, place)
        self.fill()
        if damage.is_of_database:
            # What stands in the WAL as well would hide it.
            with contextlib.closing(sqlite3.connect(self.original.database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def fill(self):
        """Lets backends work for a while, and kills the server when it has told of everything."""
        self.load = Load(self.seed)
        self.work(self.load.receiver.url)
        missing, problems = self.load.judge_webhooks()
        assert not missing and not problems and not self.load.judge(), problems + self.load.problems
        self.original.kill()

    def work(self, webhook_url=None):
        self.original.make_application(webhook_url)
        self.original.start()
        self.load.start(self.original)
        for backend in self.load.backends:
            backend.moments = [Moment(backend.territory, 0, 0)]
        self.load.go_on()
        time.sleep(2)
        self.load.halt()
        self.load.settle()
        self.load.finish()

    def damaged(self, damage, draw):
        """An installation that is damaged, and how."""
        place = self.directory / "copy"
        shutil.copytree(self.original.data, place / "data")
        copy = OnSQLite(self.binary, place)
        copy.key = self.original.key
        return copy, damage.act(copy, draw)

    def discard(self, copy):
        copy.kill()
        shutil.rmtree(copy.directory)

    def try_one(self, damage):
        copy, done = self.damaged(damage, random.Random(f"{self.seed} {self.copies}"))
        self.copies += 1
        try:
            copy.server.start()
            try:
                copy.wait_until_ready()
            except Failed:
                self.judge(done, "at_start", ["the server does not start, and does not say why"], copy)
            else:
                wrong, in_trouble, is_shorter = self.load.do(self.look(copy))
                status, ready = copy.readiness()
                is_told = status in self.READINESS and ready["storage"] == "damaged"
                if not wrong and in_trouble and not is_told:
                    wrong = [f"/readyz says {status} {ready}", *in_trouble]
                if wrong:
                    self.problems.append(f"{done}: {'; '.join(wrong[:3])}\n{copy.server.tail(3)}")
                elif in_trouble:
                    self.judge(done, "when_met", in_trouble, copy)
                elif is_shorter:
                    self.judge_shorter(done, copy)
                else:
                    self.without_effect += 1
        finally:
            self.discard(copy)

    def judge(self, done, told, what, copy, words=WORDS):
        """Counts what the server's log tells of."""
        if words in copy.said():
            setattr(self, told, getattr(self, told) + 1)
        else:
            self.problems.append(f"{done}: {'; '.join(what[:3])}\n{copy.server.tail(3)}")

    def judge_shorter(self, done, copy):
        self.judge(done, "shorter", ["the last operations are gone, and nothing is said"], copy, TORN_WORDS)

    def unfelt(self):
        """Damage that nothing ever shows is none, or the server does not look."""
        if self.at_start + self.when_met + self.shorter + len(self.problems):
            return []
        return [f"{self.copies} copies were damaged, and none was told of"]

    async def look(self, copy):
        """What is served and wrong, also before reading failed; what is not served; whether the last operations are gone."""
        wrong, in_trouble, is_shorter = [], [], False
        for backend in self.load.backends:
            states = newest(backend.moments, 1 + self.MOST_GONE)
            caller = Impatient(backend.application, copy.host, copy.port)
            names = sorted(set().union(*(territory.accounts.keys() | territory.absent for territory in states)))
            seen, is_whole = {}, True
            try:
                await read(caller, backend.application, backend.chooser.channels, names, copy.host, copy.port, seen)
            except (Lost, Faulty, NotLetIn, KeyError, Refused) as trouble:
                in_trouble.append(repr(trouble))
                is_whole = False
            finally:
                caller.close()
            found = [differ(territory, seen, is_whole) for territory in states]
            wrong += min(found, key=len)
            is_shorter = is_shorter or bool(found[0])
        return wrong, in_trouble, is_shorter

    def close(self):
        self.original.close()
        self.load.close()


def newest(moments, count):
    """The newest states of a backend, of which none is as the one before.

    What was refused is no transaction, and of what was accepted and changed nothing nobody can tell whether it was one.
    """
    found = [moments[-1].territory]
    for moment in reversed(moments):
        if without_epochs(moment.territory.view()) != without_epochs(found[-1].view()):
            found.append(moment.territory)
        if len(found) == count:
            break
    return found


def differ(territory, seen, is_whole):
    """Where what is seen differs from a state, which may be of before its channels' epochs were known."""
    territory = territory.copy()
    problems = learn(territory, seen) if is_whole else []
    wanted = territory.view()
    return problems + differences(wanted if is_whole else as_far_as(wanted, seen), seen)


class SpecimenAtItsEnd(Specimen):
    """Is damaged in the last two transactions of its log, and may lack them; all else is there."""
    # Each of them is of one operation of a backend, or of none.
    MOST_GONE = 2
    # Whether nothing in the damaged log shows any more that there was a transaction.
    is_silent: bool = False

    def damaged(self, damage, draw):
        copy, done = super().damaged(damage, draw)
        # By its size of the database and its salts a frame is known for the last of a transaction.
        end = last_two(self.original.wal)[1] - FRAME
        here = slice(end + 4, end + 16)
        self.is_silent = copy.wal.read_bytes()[here] != self.original.wal.read_bytes()[here]
        return copy, done

    def judge_shorter(self, done, copy):
        if self.is_silent:
            self.shorter += 1
        else:
            super().judge_shorter(done, copy)

    def fill(self):
        """Nothing is told to a webhook, and nobody reads: so the last transactions are the backends'."""
        self.load = Load(self.seed)
        self.work()
        assert not self.load.problems, self.load.problems
        self.original.kill()


class SpecimenOnPostgres(Specimen):
    """Damaged where it is, and mended afterwards: a copy of PostgreSQL's data would be large."""
    # What does not meet the damage is written, and may be all that is asked for.
    READINESS = (200, 503)

    def make(self, damage):
        place = self.directory / "original"
        place.mkdir()
        # PostgreSQL runs as another user.
        self.directory.chmod(0o711)
        self.original = OnPostgres(self.binary, place)
        self.fill()
        found = self.original.database.ask(
            "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'i') AND pg_relation_size(oid) > 0 ORDER BY relname", "rostrum")
        self.files = [self.original.database.data / path for path in found.splitlines()]
        self.original.database.stop()

    def damaged(self, damage, draw):
        self.file = draw.choice([file for file in self.files if file.stat().st_size >= damage.least_bytes])
        self.whole = self.file.read_bytes()
        done = damage.act(self.file, draw)
        self.original.server.log.write_text("")
        self.original.start_database()
        return self.original, done

    def discard(self, copy):
        copy.kill()
        copy.database.stop()
        self.file.write_bytes(self.whole)


DAMAGES = [
    Damage("bit of the database flipped", lambda installation, draw: flip(installation.database, draw),
           is_of_database=True, is_quick=True),
    Damage("page of the database torn", lambda installation, draw: tear(installation.database, draw, PAGE, 0),
           is_of_database=True),
    Damage("page of the database zeroed", zero_database, is_of_database=True),
    Damage("database cut short", cut_database, is_of_database=True, is_quick=True),
    Damage("bit of the WAL flipped", flip_wal, is_quick=True),
    Damage("frame of the WAL torn", tear_wal),
    Damage("last two transactions of the WAL damaged", damage_end, specimen=SpecimenAtItsEnd),
    Damage("PostgreSQL: bit of a table or an index flipped", flip, specimen=SpecimenOnPostgres),
    Damage("PostgreSQL: page of a table or an index torn", lambda file, draw: tear(file, draw, POSTGRESQL_PAGE, 0),
           specimen=SpecimenOnPostgres, least_bytes=2 * POSTGRESQL_PAGE),
]
