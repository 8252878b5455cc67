"""A server on a data directory of its own, started, killed and administered as an operator would."""
import contextlib
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request

from checksums import checksum
from loopback.programs import Failed, Program, free_ports

WEBHOOKS = [f"OfficialAccount.CallbackAfter{name}" for name in (
    "CreateOfficialAccount", "OfficialAccountInfoChanged", "OfficialAccountDestroyed", "AddSubscriber",
    "OfficialAccountFull", "DeleteSubscriber", "SendMsg", "MsgWithDraw")]
LIMITS = ["callsPerSecond=0", "broadcastsPerSecond=0", "broadcastsPerHour=0", "reimportDays=0"]
APPLICATION = 1400000001
PAGE = 4096


class Installation:
    """What all have: an application, and one server at a time.

    - words: the settings that name the storage, the same for the server and for commands.
    - preload: the environment of whoever writes the data, alone.
    """

    def __init__(self, binary, directory, words, environment=None, server_words=(), preload=None):
        self.binary, self.directory, self.words = binary, directory, words
        self.environment = {"PATH": os.environ["PATH"], **(environment or {})}
        self.key = secrets.token_hex(32)
        self.host = "127.0.0.1"
        self.port, self.admin_port = free_ports(2)
        self.server = Program("the server", [
            binary, "serve", *words, "--port", self.port, "--admin-port", self.admin_port, "--logins-per-address", 0,
            "--sessions-per-address", 0, "--webhook-allow", "127.0.0.0/8", *server_words],
            directory / "server.log", self.environment | (preload or {}))

    def make_application(self, webhook_url=None):
        self.command("app", "create", APPLICATION, "--key", self.key, "--admin", "administrator")
        webhooks = ["--webhook-url", webhook_url, "--webhook-enable", *WEBHOOKS] if webhook_url else []
        self.command("app", "set", APPLICATION, "--limits", *LIMITS, *webhooks)

    def begin(self, *words):
        """A `rostrum` command that is under way."""
        return subprocess.Popen([str(self.binary), *map(str, words), *self.words], env=self.environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def command(self, *words):
        """What a `rostrum` command prints."""
        words = [str(self.binary), *map(str, words), *self.words]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{' '.join(words[1:4])}: {done.stdout}{done.stderr}")
        return done.stdout

    def application(self):
        return json.loads(self.command("app", "show", APPLICATION, "--json"))

    # The server.

    def start(self, seconds=30):
        self.server.start()
        self.wait_until_ready(seconds)

    def wait_until_ready(self, seconds=30):
        self.server.wait_until(self.listens, "the server listens", seconds)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def readiness(self):
        """The status and the members of what /readyz answers."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.admin_port}/readyz", timeout=30) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def kill(self):
        if self.server.is_running:
            self.server.kill()

    def stop(self):
        """In its own way, which is to end well."""
        was_running = self.server.is_running
        self.server.stop()
        if was_running and self.server.process.returncode:
            raise Failed(f"the server ended with status {self.server.process.returncode}: {self.server.tail()}")

    def ends_by_itself(self, seconds=10):
        """The status with which a server ends that cannot start; None when it goes on."""
        try:
            return self.server.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def said(self, since=0):
        """The server's log behind so many bytes."""
        return self.server.log.read_bytes()[since:].decode(errors="replace")

    def close(self):
        self.kill()


class OnSQLite(Installation):
    """Its data are in `data`, which may be a mount of its own."""

    def __init__(self, binary, directory, **more):
        self.data = directory / "data"
        self.data.mkdir(mode=0o700, exist_ok=True)
        super().__init__(binary, directory, ["--data-dir", str(self.data / "rostrum")], **more)

    @property
    def database(self):
        return self.data / "rostrum/rostrum.db"

    @property
    def wal(self):
        return self.data / "rostrum/rostrum.db-wal"

    def integrity(self):
        """What SQLite finds wrong with its file."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            found = [line for line, in connection.execute("PRAGMA integrity_check")]
        wrong = [] if found == ["ok"] else [f"integrity: {line}" for line in found]
        with open(self.database, "rb") as file:
            pages = iter(lambda: file.read(PAGE), b"")
            return wrong + [f"page {number} does not match its checksum" for number, page in enumerate(pages, 1)
                            if page[-8:] != checksum(page, number)]
