"""The ways out of an installation and back into another, each taken while the original is written to."""
import shutil

from dumps import Dumps
from installation import APPLICATION, OnSQLite
from postgres import OnPostgres
from trip import Trip, Wrong, is_refused


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
    "pg_dump, pg_restore": Dumps,
    "export from SQLite, import into PostgreSQL": Moves,
    "export from PostgreSQL, import into SQLite": MovesBack,
}
