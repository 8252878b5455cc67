"""A server on PostgreSQL, with a NATS server, both its own."""
import os
import secrets

from loopback.cluster import DEPLOY
from loopback.nats import Nats
from loopback.postgresql import Postgres
from loopback.programs import Failed, free_ports, wait_until

from installation import Installation


class OnPostgres(Installation):
    """PostgreSQL has its data in `data`, which may be a mount of its own."""

    def __init__(self, binary, directory, preload=None, master_key=None):
        self.secrets = {name: "p" + secrets.token_hex(16) for name in ("database", "replication", "bus", "routes")}
        data = directory / "data"
        data.mkdir(exist_ok=True)
        # PostgreSQL runs as another user.
        for place in (directory, data):
            place.chmod(0o711)
        port, client, route, monitor = free_ports(4)
        self.database = Postgres("postgresql", DEPLOY / "postgresql", data, port, "127.0.0.1", self.secrets)
        # Beside the data, for it is to be read when there is no room left among them.
        self.database.log = directory / "postgresql.log"
        self.database.environment = self.database.environment | (preload or {})
        self.bus = Nats("nats", DEPLOY / "nats/nats-server.conf", directory, (client, route, monitor, [route]),
                        "127.0.0.1", self.secrets)
        url = f"postgres://rostrum:{self.secrets['database']}@127.0.0.1:{port}/rostrum?sslmode=require"
        environment = {"ROSTRUM_DATABASE": url, "ROSTRUM_MASTER_KEY": master_key or secrets.token_hex(32)}
        super().__init__(binary, directory, [], environment,
                         server_words=["--bus", f"nats://rostrum:{self.secrets['bus']}@127.0.0.1:{client}"])

    def make_database(self):
        self.database.make("--no-sync")
        self.bus.start()
        self.bus.wait_until_ready()

    def make_application(self, webhook_url=None):
        self.make_database()
        # What initdb and the script itself have written is not what is put to the test.
        os.sync()
        super().make_application(webhook_url)

    def kill(self):
        """The server is dead when what it had sent to PostgreSQL is done or undone, too."""
        was_running = self.server.is_running
        super().kill()
        if was_running and self.database.is_running:
            wait_until(self.is_alone, "PostgreSQL has noticed that the server is gone")

    def is_alone(self):
        """Whether nobody works on the storage; true as well when PostgreSQL does not answer."""
        try:
            return self.database.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'rostrum'") == "0"
        except Failed:
            return not self.database.is_running

    def start_database(self):
        """Starts it until it runs: what is left of a killed one keeps it from starting for a moment."""
        def begins():
            if not self.database.is_running:
                self.database.start()
            return self.database.answers()
        wait_until(begins, "PostgreSQL answers")

    def close(self):
        super().close()
        for part in (self.bus, self.database):
            part.stop()
