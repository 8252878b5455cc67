"""An installation of several nodes: PostgreSQL, a NATS server, nodes that share the work, and what is in it."""
import concurrent.futures
import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import ADMIN, APP, KEY, Caller, Process, all_cores, free_port
from loopback.programs import free_ports

NATS = shutil.which("nats-server", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
OWNER = "107867"
# A caller may import or subscribe so many at once.
BATCH = 100
CALLERS = 8


class Postgres(Process):
    """A durable PostgreSQL of the benchmark's own, which ends with it."""

    def __init__(self, bench, core=None):
        self.programs = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(re.search(r"[\d.]+", path)[0]))
        self.data, self.port = tempfile.mkdtemp(prefix="postgres-", dir=bench.directory), free_port()
        os.chmod(bench.directory, 0o755)
        self.user = "postgres" if os.geteuid() == 0 else None       # it refuses to run as root
        if self.user:
            shutil.chown(self.data, self.user, pwd.getpwnam(self.user).pw_gid)
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-locale")
        super().__init__([os.path.join(self.programs, "postgres"), "-D", self.data, "-p", str(self.port), "-k", self.data,
                          "-h", "127.0.0.1", "-c", "max_connections=200", "-c", "shared_buffers=256MB"],
                         None, bench.log, core or all_cores(), user=self.user, end=signal.SIGINT)
        for _ in range(200):
            if not self.ready():
                time.sleep(0.05)
        if not self.ready():
            self.stop()
            sys.exit(f"PostgreSQL did not start: see {bench.log}")

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments, check=True):
        done = subprocess.run([os.path.join(self.programs, program), *arguments], user=self.user, group=self.user,
                              extra_groups=[] if self.user else None, capture_output=True, text=True, cwd="/")
        if check and done.returncode:
            sys.exit(f"{program}: {done.stderr}")
        return done

    def ready(self):
        return self.run("pg_isready", "-q", "-d", self.url, check=False).returncode == 0

    def ask(self, statement):
        """Its rows, as lists of texts."""
        answer = self.run("psql", "-X", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c",
                          statement)
        return [line.split("|") for line in answer.stdout.splitlines()]


class Installation(contextlib.ExitStack):
    """PostgreSQL and a NATS server, and an application without limits of frequency; nodes are added to it.

    All of it runs on one core, if one is named.
    """

    def __init__(self, bench, core=None):
        super().__init__()
        self.bench, self.core = bench, core or all_cores()
        self.key_file = os.path.join(bench.directory, "master.key")
        with open(self.key_file, "w") as file:
            file.write(KEY + "\n")
        os.chmod(self.key_file, 0o600)
        with contextlib.ExitStack() as started:                     # what is started ends when the rest does not start
            self.postgres = started.enter_context(Postgres(bench, self.core))
            port = free_port()
            self.nats = started.enter_context(Process([NATS, "-a", "127.0.0.1", "-p", str(port)], None, bench.log,
                                                      self.core))
            bench.wait_for(port)
            self.bus = f"nats://127.0.0.1:{port}"
            make_application(bench, "--database", self.postgres.url, "--master-key-file", self.key_file)
            self.push(started.pop_all().__exit__)

    def node(self, roles=None, core=None, more=()):
        """A process of the server with its ports: of the API, and of the metrics."""
        port, admin = free_ports(2)
        process = Process([self.bench.options.rostrum, "serve", "--database", self.postgres.url, "--bus", self.bus,
                           "--master-key-file", self.key_file, "--port", str(port), "--admin-port", str(admin),
                           *(["--roles", roles] if roles else []), *more],
                          "rostrum is ready on", self.bench.log, core or self.core)
        return process, port, admin


def make_application(bench, *storage):
    def command(*words):
        subprocess.run([bench.options.rostrum, "app", *words, *storage], check=True, stdout=subprocess.DEVNULL)

    command("create", str(APP), "--key", KEY, "--admin", ADMIN, "--admin", OWNER)
    command("set", str(APP), "--limits", *(f"{name}=0" for name in (
        "callsPerSecond", "channels", "broadcastsPerSecond", "broadcastsPerHour")), "defaultMaxSubscribers=10000000")


def each_batch(bench, port, count, work):
    """Has several callers do the batches of so many numbers: `work` gets a caller and the numbers of one."""
    batches = iter([range(first, min(first + BATCH, count)) for first in range(0, count, BATCH)])

    def batches_of_one():
        caller = Caller(bench, port)
        for batch in batches:
            work(caller, batch)

    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        for done in [pool.submit(batches_of_one) for _ in range(CALLERS)]:
            done.result()


def import_accounts(bench, port, count):
    """Accounts `user_0` and on."""
    each_batch(bench, port, count, lambda caller, batch: caller.call(
        "multiaccount_import", {"Accounts": [f"user_{number}" for number in batch]}))


def make_channel(bench, port, channel):
    Caller(bench, port).call("create_official_account", {
        "OfficialAccountUserID": channel, "Owner_Account": OWNER, "Name": "Harbour News"})


def subscribe(bench, port, channel, count):
    """The first so many accounts, every one of them."""
    def add(caller, batch):
        users = [{"Subscriber_Account": f"user_{number}"} for number in batch]
        _, reply = caller.call("add_subscriber", {"Official_Account": channel, "SubscriberList": users})
        if any(item["Result"] != 1 for item in reply["SubscriberList"]):
            sys.exit(f"somebody was not subscribed to {channel}, first from {batch.start}")

    each_batch(bench, port, count, add)
