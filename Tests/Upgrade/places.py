"""Where an installation of a fixture is: on a data directory, or on PostgreSQL; any version of the program may run on it."""
import contextlib
import json
import sqlite3

from loopback.programs import Program
from loopback.rostrum import skewed

from installation import OnSQLite
from postgres import OnPostgres


class Place:
    """What both have; `clock` is how many seconds the clock of its programs is ahead."""

    server_words = ()

    def settle(self, clock):
        self.clock = clock
        self.environment |= skewed(clock, self.directory)
        self.choose()

    def choose(self, *words):
        """The server that is started next, with these settings as well."""
        self.server = Program("the server", [
            self.binary, "serve", *self.words, "--port", self.port, "--admin-port", self.admin_port, "--webhook-allow",
            "127.0.0.0/8", *self.server_words, *words], self.directory / "server.log", self.environment)

    def told(self, *words):
        """What a command prints as JSON."""
        return json.loads(self.command(*words, "--json"))


class OnDirectory(Place, OnSQLite):
    engine = "sqlite"

    def __init__(self, binary, directory, clock=0):
        super().__init__(binary, directory)
        self.settle(clock)

    def prepare(self):
        """Nothing has to be there before the first command."""

    def schema(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT max(number) FROM schema_migrations").fetchone()[0]


class OnServer(Place, OnPostgres):
    engine = "postgresql"

    def __init__(self, binary, directory, clock=0):
        super().__init__(binary, directory)
        self.server_words = ["--bus", f"nats://rostrum:{self.secrets['bus']}@127.0.0.1:{self.bus.port}"]
        self.settle(clock)

    def prepare(self):
        self.database.make()
        self.bus.start()
        self.bus.wait_until_ready()

    def schema(self):
        return int(self.database.ask("SELECT max(number) FROM schema_migrations", "rostrum"))


KINDS = {kind.engine: kind for kind in (OnDirectory, OnServer)}
