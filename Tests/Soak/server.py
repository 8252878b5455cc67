"""The server that is soaked: as Tests/Crash has it, with the console and an operator."""
import contextlib
import json
import sqlite3
import subprocess

from installation import APPLICATION, LIMITS, OnSQLite
from postgres import OnPostgres

from heap import Heap
from hooks import BEFORE, EVENTS
from rest import Application
from visiting import NAME, PASSWORD

# The limits for an address are on, for sessions have many.
WORDS = ["--console", "on", "--sessions-per-address", "2000", "--logins-per-address", "200"]


class Soaked:
    """What both storages have in common."""

    def make(self):
        """An application whose posts are kept for a day, and which tells nobody yet."""
        self.server.words += WORDS
        self.heap = Heap(self.directory)
        self.server.environment = self.server.environment | self.heap.environment
        self.make_application("http://127.0.0.1:9/hook")
        self.command("app", "set", APPLICATION, "--limits", *LIMITS, "historyDays=1", "--webhook-enable", "none")
        subprocess.run([str(self.binary), "operator", "create", NAME, *self.words], env=self.environment, check=True,
                       input=PASSWORD + "\n", text=True, stdout=subprocess.DEVNULL)

    def tell(self, url):
        self.command("app", "set", APPLICATION, "--webhook-url", url, "--webhook-enable", *EVENTS, BEFORE)

    def shown(self):
        return json.loads(self.command("app", "show", APPLICATION, "--secrets", "--json"))

    def newest(self):
        """The application under its newest key."""
        return Application(APPLICATION, self.shown()["keys"][-1]["key"])

    def rotate(self, *words):
        self.command("app", "rotate-key", APPLICATION, *words)


class SoakedOnSQLite(Soaked, OnSQLite):
    def ask_storage(self, statement):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchone()[0]


class SoakedOnPostgres(Soaked, OnPostgres):
    @property
    def data(self):
        return self.directory / "data"

    def ask_storage(self, statement):
        # The class before calls PostgreSQL its database.
        return self.database.ask(statement, "rostrum")
