"""A database of PostgreSQL, dumped and restored by its own programs, as docs/operating.md says."""
from loopback.programs import wait_until

from postgres import OnPostgres
from trip import Trip, Wrong, is_refused

RESTORE = ["pg_restore", "--single-transaction", "--dbname", "rostrum"]


class Tools:
    """PostgreSQL's programs beside one server of it, as its administrator runs them."""

    def __init__(self, server):
        self.server = server

    def begin(self, program, *words):
        return self.server.begin(program, *self.server.address, *words)

    def command(self, program, *words):
        return self.server.run(program, *self.server.address, *words)


class Dumps(Trip):
    """A dump, restored into the empty database of another server.

    Servers that were just made have the same timeline: nothing but the new generation tells a copy from its original.
    """

    def __init__(self, binary, directory, seed):
        super().__init__(binary, directory, seed, OnPostgres)

    def round(self):
        # The programs run as the server's user, who can write there.
        file = self.original.database.home / "rostrum.dump"
        witness = self.take(file, "pg_dump", "--format=custom", "--file", file, "rostrum")
        copy = self.copy = self.make(OnPostgres, "copy", master_key=self.original.environment["ROSTRUM_MASTER_KEY"])
        copy.key = self.original.key
        copy.make_database()
        tools = Tools(copy.database)
        self.try_cut_off(file, copy, tools)
        self.restore(file, copy, tools)
        words = ["restore", "--new-generation", "--database", copy.environment["ROSTRUM_DATABASE"]]
        self.kill(copy.begin(*words))
        copy.command(*words)
        self.judge(witness, copy)

    def make_file(self, file, *words):
        tools = Tools(self.original.database)
        if self.random.random() < 0.5:
            self.kill(tools.begin(*words))
        # One that was killed leaves a file, too; the next replaces it.
        tools.command(*words)

    def try_cut_off(self, file, copy, tools):
        """A dump without its end restores nothing."""
        whole, part = file.read_bytes(), file.with_name("part.dump")
        part.write_bytes(whole[:self.random.randrange(len(whole))])
        part.chmod(0o644)
        self.refuse(copy, tools, part)
        if not is_empty(copy):
            raise Wrong("a dump that was cut off has left something in the database")

    def restore(self, file, copy, tools):
        """All at once or not at all, also when it is killed; a database that has everything takes nothing more."""
        if self.random.random() < 0.5:
            self.kill(tools.begin(*RESTORE, file))
            wait_until(lambda: is_left_alone(copy), "PostgreSQL has noticed that pg_restore is gone")
        if is_empty(copy):
            tools.command(*RESTORE, file)
        self.refuse(copy, tools, file)

    def refuse(self, copy, tools, file):
        if not is_refused(tools, *RESTORE, file):
            raise Wrong(f"{file.name} was restored")
        self.count.refused += 1


def is_empty(installation):
    return installation.database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "rostrum") == "0"


def is_left_alone(installation):
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'rostrum' AND backend_type = 'client backend'"
    return installation.database.ask(sessions) == "0"
