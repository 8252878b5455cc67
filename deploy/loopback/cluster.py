"""The whole cluster: what belongs to it, started in order and stopped in the reverse."""
import json
import os
import pathlib
import re
import secrets
import subprocess

from .haproxy import HAProxy
from .nats import Nats
from .network import Cable, Place
from .postgresql import Postgres
from .programs import Directory, Failed, free_ports
from .rostrum import Node

DEPLOY = pathlib.Path(__file__).resolve().parents[1]
BINARY = DEPLOY.parent / ".build/release/rostrum"


class Cluster:
    """Three nodes, three NATS servers, PostgreSQL and HAProxy on free ports of 127.0.0.1.

    - binary: the program `rostrum`.
    - directory: where everything is kept; a temporary one that is removed at the end when it is left out.
    - replica: whether a second PostgreSQL follows the first, without anybody waiting for it.
    - database_apart: whether PostgreSQL is on a network of its own, at the end of `database_cable`.
    - node_apart: the number of a node that is on a network of its own, at the end of `node_cable` and, for NATS
      alone, of `bus_cable`. What is apart needs `network.enter_own_network()`.
    - clocks: how many seconds the clock of a node is ahead, by the node's number.
    """

    def __init__(self, binary=None, directory=None, replica=False, database_apart=False, node_apart=None, clocks=None,
                 trace=lambda text: None):
        assert not (database_apart and node_apart), "no cable leads from one place to another"
        self.binary, self.trace = pathlib.Path(binary or BINARY).absolute(), trace
        self.parts = []
        self.keeper = Directory(directory)
        self.directory = self.keeper.path
        # With a letter in front: the configuration of NATS would read some others as numbers.
        self.secrets = self.kept("secrets.json", lambda: {
            **{name: "p" + secrets.token_hex(16) for name in ("database", "replication", "bus", "routes")},
            "master": secrets.token_hex(32)})
        self.listen = "127.0.0.1" if not node_apart else "0.0.0.0"
        self.here = "127.0.0.1"
        self.database_cable = self.node_cable = self.bus_cable = self.replica = None
        self.place_of_database = self.place_of_node = None
        if database_apart:
            self.place_of_database = Place("postgresql", self.directory / "places.log")
            self.database_cable = Cable(self.place_of_database, 1, server_is_there=True)
        if node_apart:
            self.place_of_node = Place(f"node{node_apart}", self.directory / "places.log")
            self.node_cable, self.bus_cable = Cable(self.place_of_node, 2), Cable(self.place_of_node, 3)
            self.here = self.node_cable.here
        ports = self.kept("ports.json", lambda: free_ports(18))
        self.database = self.postgres("postgresql", ports[0], self.place_of_database)
        if replica:
            self.replica = self.postgres("replica", ports[1])
        self.bus = [self.nats(number, ports[2:11]) for number in (1, 2, 3)]
        self.nodes = [self.node(number, ports[11:17], node_apart == number, (clocks or {}).get(number, 0))
                      for number in (1, 2, 3)]
        self.proxy = HAProxy(DEPLOY / "haproxy/haproxy.cfg", self.directory, ports[17], self.nodes)
        self.url = f"http://127.0.0.1:{self.proxy.port}"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # What it is made of.

    def kept(self, name, make):
        """What is made once for each directory, for nobody else to read."""
        path, draft = self.directory / name, self.directory / f"{name}.new"
        if not path.exists():
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(make()))
            # Whole or not at all: whoever is killed meanwhile makes it anew.
            draft.replace(path)
        return json.loads(path.read_text())

    def postgres(self, name, port, place=None):
        listen = "0.0.0.0" if place else self.listen
        return Postgres(name, DEPLOY / "postgresql", self.directory, port, listen, self.secrets, place)

    def nats(self, number, ports):
        mine = ports[number - 1], ports[number + 2], ports[number + 5], ports[3:6]
        return Nats(f"nats{number}", DEPLOY / "nats/nats-server.conf", self.directory, mine, self.listen, self.secrets)

    def node(self, number, ports, is_apart, clock_ahead):
        host = self.node_cable.there if is_apart else "127.0.0.1"
        database_host = self.node_cable.here if is_apart else "127.0.0.1"
        if self.database_cable:
            database_host = self.database_cable.there
        bus_host = self.bus_cable.here if is_apart else "127.0.0.1"
        databases = [self.database, *([self.replica] if self.replica else [])]
        values = {
            "ROSTRUM_DATABASE": self.database_url([(database_host, server.port) for server in databases]),
            "ROSTRUM_BUS": f"nats://rostrum:{self.secrets['bus']}@"
                           + ",".join(f"{bus_host}:{server.port}" for server in self.bus),
            "ROSTRUM_MASTER_KEY": self.secrets["master"],
            "ROSTRUM_HOST": host,
            "ROSTRUM_PORT": ports[number - 1],
            "ROSTRUM_ADMIN_HOST": host,
            "ROSTRUM_ADMIN_PORT": ports[number + 2],
            "ROSTRUM_TRUSTED_PROXIES": "127.0.0.1,10.77.0.0/16",
            "ROSTRUM_WEBHOOK_ALLOW": "127.0.0.0/8,10.77.0.0/16",
        }
        return Node(f"node{number}", DEPLOY, self.directory, self.binary, values,
                    self.place_of_node if is_apart else None, clock_ahead)

    def database_url(self, addresses):
        hosts = ",".join(f"{host}:{port}" for host, port in addresses)
        return (f"postgres://rostrum:{self.secrets['database']}@{hosts}/rostrum"
                "?target_session_attrs=read-write&sslmode=require")

    # Its life.

    def start(self):
        for place, *cables in ((self.place_of_database, self.database_cable),
                               (self.place_of_node, self.node_cable, self.bus_cable)):
            if place:
                self.begin(place)
                for cable in cables:
                    cable.lay()
        self.begin_database()
        for server in self.bus:
            self.begin(server)
        for server in self.bus:
            server.wait_for_peers(server.peers)
        for node in self.nodes:
            self.begin(node, wait=False)
        for node in self.nodes:
            node.wait_until_ready()
        self.begin(self.proxy)

    def begin(self, part, wait=True):
        self.trace(getattr(part, "name", ""))
        # A part that does not get ready is to be stopped as well.
        self.parts.append(part)
        part.start()
        if wait and hasattr(part, "wait_until_ready"):
            part.wait_until_ready()

    def begin_database(self):
        made = [(self.database, self.database.make)]
        if self.replica:
            made.append((self.replica, lambda: self.replica.make_replica(self.database)))
        for server, make in made:
            if server.data.exists():
                self.begin(server)
            else:
                self.trace(server.name)
                self.parts.append(server)
                make()

    def stop(self):
        """In the reverse order; one part that does not end well keeps no other from being stopped."""
        problems = []
        while self.parts:
            part = self.parts.pop()
            try:
                part.stop()
            except Failed as problem:
                problems.append(str(problem))
        self.keeper.remove()
        if problems:
            raise Failed("\n".join(problems))

    def rolling_restart(self):
        """Every node once, none of which gets calls when it stops; as docs/cluster.md says."""
        for node in self.nodes:
            self.proxy.drain(node)
            node.restart()
            self.proxy.set_state(node, "ready")
            self.proxy.wait_until_ready()

    # What an administrator does with it.

    def command(self, *words):
        """What a `rostrum` command that touches the installation prints."""
        settings = self.nodes[0].settings
        environment = {"PATH": os.environ["PATH"], "ROSTRUM_MASTER_KEY": settings["ROSTRUM_MASTER_KEY"],
                       "ROSTRUM_DATABASE": self.admin_url()}
        words = [str(self.binary), *map(str, words)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{' '.join(words[1:4])}: {done.stdout}{done.stderr}")
        return done.stdout

    def admin_url(self):
        host = self.database_cable.there if self.database_cable else "127.0.0.1"
        return self.database_url([(host, server.port) for server in (self.database, self.replica) if server])

    def make_application(self, number, key, admin="administrator", limits=(), settings=()):
        self.command("app", "create", number, "--key", key, "--admin", admin)
        if limits or settings:
            self.command("app", "set", number, *(["--limits", *limits] if limits else []), *settings)

    def usersig(self, number, user, key):
        done = subprocess.run([self.binary, "usersig", "--app", str(number), "--user", user, "--key", key],
                              capture_output=True, text=True, check=True)
        return re.search(r"\S+", done.stdout)[0]
