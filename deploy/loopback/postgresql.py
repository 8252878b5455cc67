"""A PostgreSQL server of its own, by deploy/postgresql/rostrum.conf, and what is done to it in a failover."""
import getpass
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess

from .programs import Failed, Program, which

def programs():
    """Where initdb and its kin are."""
    versions = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    newest = max(versions, key=lambda path: float(re.search(r"/([\d.]+)/bin/", path)[1]), default=None)
    return pathlib.Path(newest or which("initdb")).parent


def unprivileged():
    """PostgreSQL does not run as root; whose it is then."""
    if os.geteuid():
        return None
    for user in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(user).pw_name
        except KeyError:
            continue
    raise Failed("PostgreSQL does not run as root, and there is no user postgres")


class Postgres(Program):
    """The administrator is the user whose server it is; everybody else comes over TLS and has a password."""

    def __init__(self, name, samples, directory, port, listen, secrets, place=None):
        self.programs, self.owner, self.secrets, self.port = programs(), unprivileged(), secrets, port
        self.administrator = self.owner or getpass.getuser()
        self.home = directory / name
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.data, self.samples = self.home / "data", samples
        if self.owner:
            shutil.chown(self.home, self.owner)
        # libpq looks for certificates at home, and the caller's home may be closed to the server's user.
        self.environment_of_tools = os.environ | {"HOME": str(self.home)}
        words = [self.programs / "postgres", "-D", self.data, "-c", f"listen_addresses={listen}", "-c", f"port={port}",
                 "-c", f"unix_socket_directories={self.home}"]
        # With SIGQUIT it ends at once and leaves no shared memory behind.
        super().__init__(name, words, directory / f"{name}.log", self.environment_of_tools, self.owner, place,
                         if_orphaned=signal.SIGQUIT)

    @property
    def address(self):
        """How the administrator's programs find the server."""
        return ["-h", self.home, "-p", self.port, "-U", self.administrator]

    def words_of(self, program, *words):
        """One of PostgreSQL's own programs, as the user whose data it is."""
        user = []
        if self.owner:
            user = [which("setpriv"), f"--reuid={self.owner}", f"--regid={self.owner}", "--clear-groups"]
        return [*user, self.programs / program, *map(str, words)]

    def begin(self, *words):
        """A program that is under way."""
        return subprocess.Popen(self.words_of(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, cwd="/", env=self.environment_of_tools)

    def run(self, *words, text=None, **environment):
        """What a program prints."""
        done = subprocess.run(self.words_of(*words), input=text, cwd="/", capture_output=True, text=True,
                              env=self.environment_of_tools | environment, check=False)
        if done.returncode:
            raise Failed(f"{words[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def ask(self, statement, database="postgres"):
        """What a statement of the administrator answers."""
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *self.address, "-d", database,
                        text=statement)

    def make(self, *more):
        """An empty server, with the role and the database of Rostrum; `more` is for initdb."""
        self.run("initdb", "-D", self.data, "-U", self.administrator, "-E", "UTF8", "--locale=C.UTF-8", "-A", "peer",
                 "--data-checksums", *more)
        self.configure()
        self.start()
        self.wait_until_ready()
        self.ask(f"""
            CREATE ROLE rostrum LOGIN PASSWORD '{self.secrets['database']}';
            CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{self.secrets['replication']}';
            CREATE DATABASE rostrum OWNER rostrum;
            """)

    def make_replica(self, primary):
        """A copy of the primary that follows it."""
        self.run("pg_basebackup", "-D", self.data, "-R", "-c", "fast", "-d",
                 f"host=127.0.0.1 port={primary.port} user=replicator application_name={self.name} sslmode=require",
                 PGPASSWORD=self.secrets["replication"])
        self.start()
        self.wait_until_ready()

    def configure(self):
        """The samples, with this machine's addresses; their user may not be able to read the files themselves."""
        access = (self.samples / "pg_hba.conf").read_text()
        self.write("pg_hba.conf", re.sub(r"10\.0\.0\.0/24", "0.0.0.0/0", access))
        self.write("rostrum.conf", (self.samples / "rostrum.conf").read_text())
        with open(self.data / "postgresql.conf", "a") as file:
            file.write("include 'rostrum.conf'\n")
        made = subprocess.run(
            [which("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "3650", "-subj", "/CN=localhost", "-keyout", "-"], capture_output=True, text=True, check=True)
        key, begin, certificate = made.stdout.partition("-----BEGIN CERTIFICATE-----")
        self.write("server.key", key)
        self.write("server.crt", begin + certificate)

    def write(self, name, text):
        path = self.data / name
        path.touch(mode=0o600)
        path.write_text(text)
        if self.owner:
            shutil.chown(path, self.owner)

    def wait_until_ready(self):
        self.wait_until(self.answers, f"{self.name} answers")

    def answers(self):
        try:
            return self.ask("SELECT 1") == "1"
        except Failed:
            return False

    def stop(self, number=signal.SIGINT, seconds=30):
        """Open connections are cut, what is written is kept."""
        super().stop(number, seconds)

    def has_all_of(self, primary):
        """Whether everything that the primary has committed until now has arrived here and can be read."""
        position = primary.ask("SELECT pg_current_wal_flush_lsn()")
        return self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t"

    def detach(self):
        """The replica gets nothing more from its primary."""
        self.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.ask("SELECT pg_reload_conf()")
        receivers = "SELECT count(*) FROM pg_stat_wal_receiver"
        self.wait_until(lambda: self.ask(receivers) == "0", f"{self.name} is detached")

    def promote(self):
        """The replica takes writes from now on."""
        self.ask("SELECT pg_promote()")
