"""What an operator does with the packages, from the first installation to the last trace."""
import secrets
import shutil
import urllib.error
import urllib.request

from loopback.programs import Program, free_ports
from loopback.unit import Unit, settings
from machine import ENVIRONMENT
from rest import LOGIN, Application, Caller

APPLICATION, CHANNEL, POSTS = 1400000001, "@TOA#_news", "official_account_msg_get_simple"
DATA, CONFIGURATION, SECRETS = "/var/lib/rostrum", "/etc/rostrum/rostrum.yaml", "/etc/rostrum/rostrum.env"
PRIVATE = "rostrum rostrum 700"
WANTED = "/etc/systemd/system/multi-user.target.wants/rostrum.service"


class Server:
    """One that runs in the machine, and what is called on it."""

    def __init__(self, machine, words, user, environment, ports, unit=None):
        self.unit, (self.port, self.admin) = unit, ports
        self.program = Program("the server", machine.words(*words, user=user), machine.root.parent / "server.log",
                               {**ENVIRONMENT, **environment})

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=5) as reply:
                return reply.status == 200
        except (OSError, urllib.error.HTTPError):
            return False

    def start(self):
        self.program.start()
        self.program.wait_until(self.is_ready, "the server is ready")

    def stop(self):
        """Its status when it is asked to end as systemd asks."""
        if self.unit:
            self.program.stop(self.unit.kill_signal, self.unit.seconds_to_stop)
        else:
            self.program.stop()
        return self.program.process.returncode

    def said(self):
        return self.program.log.read_text(errors="replace")


class Operator:
    def __init__(self, checks, machine):
        self.checks, self.machine, self.posts = checks, machine, []
        self.key, self.ports = secrets.token_hex(32), free_ports(2)

    def install(self, package):
        shutil.copy(package, self.machine.path("/root"))
        self.machine.apt("install", f"/root/{package.name}")

    def keep_secrets(self):
        """The file of variables, which the package neither has nor touches."""
        place = self.machine.path(SECRETS)
        place.touch(mode=0o600)
        place.write_text("".join(f"{name}={port}\n" for name, port in zip(("ROSTRUM_PORT", "ROSTRUM_ADMIN_PORT"), self.ports)))

    def service(self):
        """As systemd would start it."""
        unit = Unit(self.machine.path("/lib/systemd/system/rostrum.service"), "")
        environment = dict(settings(self.machine.path(unit.environment_file.lstrip("-")).read_text()))
        return Server(self.machine, unit.words, "rostrum", environment, self.ports, unit)

    def make_application(self, program, data, user):
        self.machine.run(program, "app", "create", APPLICATION, "--key", self.key, "--data-dir", data, user=user)
        self.machine.run(program, "app", "set", APPLICATION, "--limits", "broadcastsPerSecond=0", "broadcastsPerHour=0",
                         "--data-dir", data, user=user)

    async def call(self, server, command, body):
        caller = Caller(Application(APPLICATION, self.key), "127.0.0.1", server.port)
        answer = await caller.call(command, body)
        caller.close()
        self.checks.same(f"{command.rpartition('/')[2]} is done", answer["ErrorCode"], 0)
        return answer

    async def make_channel(self, server):
        await self.call(server, f"{LOGIN}/account_import", {"UserID": "anna"})
        await self.call(server, "create_official_account", {
            "Owner_Account": "anna", "Name": "News", "OfficialAccountUserID": CHANNEL})

    async def post(self, server):
        self.posts.append(f"post {len(self.posts)}")
        await self.call(server, "send_official_account_msg", {
            "Official_Account": CHANNEL, "Random": len(self.posts),
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": self.posts[-1]}}]})

    async def find_everything(self, server):
        answer = await self.call(server, POSTS, {"Official_Account": CHANNEL, "ReqMsgNumber": 20})
        found = [message["MsgBody"][0]["MsgContent"]["Text"] for message in answer["RspMsgList"]]
        self.checks.same("every post is there", sorted(found), sorted(self.posts))

    async def use(self):
        """Starts the service, finds what there is, adds to it, and stops."""
        server = self.service()
        server.start()
        await self.find_everything(server)
        await self.post(server)
        self.checks.same("the service ends in order", server.stop(), 0)

    def lose_and_restore(self):
        """What docs/operating.md says, between a stop and a start of the service."""
        backups, lost = "/var/backups/rostrum", f"{DATA}.damaged"
        own = ["-o", "rostrum", "-g", "rostrum", "-m"]
        self.machine.run("install", "-d", *own, "700", backups)
        self.machine.run("rostrum", "backup", f"{backups}/first", "--data-dir", DATA, user="rostrum")
        self.machine.run("mv", DATA, lost)
        self.machine.run("install", "-d", *own, "700", DATA)
        self.machine.run("install", *own, "600", f"{lost}/master.key", f"{DATA}/master.key")
        self.machine.run("rostrum", "restore", f"{backups}/first", "--data-dir", DATA, user="rostrum")

    def is_there(self, states):
        for name, state in states.items():
            self.checks.same(f"{name} is {state or 'not there'}", self.machine.state(name), state)


async def live_by_package(checks, machine, packages):
    operator = Operator(checks, machine)
    checks.part("install")
    machine.apt("update")
    operator.install(packages.debian)
    look_at_installation(checks, machine, operator, packages.version)

    checks.part("use")
    operator.keep_secrets()
    with open(machine.path(CONFIGURATION), "a") as file:
        file.write("log-format: json\n")
    operator.make_application("rostrum", DATA, "rostrum")
    server = operator.service()
    server.start()
    await operator.make_channel(server)
    await operator.post(server)
    await operator.find_everything(server)
    checks.same("the service ends in order", server.stop(), 0)
    checks.hold("it obeys the configuration", '{"' in server.said(), server.said()[-500:])
    operator.is_there({f"{DATA}/rostrum.db": "rostrum rostrum 600", f"{DATA}/master.key": "rostrum rostrum 600"})

    checks.part("restore")
    operator.lose_and_restore()
    operator.is_there({DATA: PRIVATE, f"{DATA}/rostrum.db": "rostrum rostrum 600", f"{DATA}/master.key": "rostrum rostrum 600"})
    await operator.use()

    checks.part("upgrade")
    operator.install(packages.newer)
    checks.same("the newer package is there", version(machine), f"{packages.version}-2")
    checks.hold("what was changed in the configuration stays", "log-format: json" in machine.path(CONFIGURATION).read_text())
    operator.is_there({DATA: PRIVATE, SECRETS: "root root 600"})
    await operator.use()

    checks.part("remove")
    machine.apt("remove", "rostrum")
    operator.is_there({"/usr/bin/rostrum": None, "/lib/systemd/system/rostrum.service": None, DATA: PRIVATE,
                       CONFIGURATION: "root root 644", SECRETS: "root root 600"})
    checks.hold("its user stays", machine.has_user("rostrum"))
    operator.install(packages.newer)
    await operator.use()

    checks.part("purge")
    machine.apt("purge", "rostrum")
    operator.is_there({"/usr/bin/rostrum": None, CONFIGURATION: None, SECRETS: "root root 600", DATA: PRIVATE,
                       f"{DATA}/rostrum.db": "rostrum rostrum 600"})
    checks.hold("it is not started any more", not machine.path(WANTED).is_symlink())
    operator.install(packages.newer)
    await operator.use()
    shutil.rmtree(machine.path(DATA))
    machine.apt("purge", "rostrum")
    operator.is_there({DATA: None, "/etc/rostrum": None, "/usr/share/doc/rostrum": None})
    checks.hold("its user stays, who may own more", machine.has_user("rostrum"))


def look_at_installation(checks, machine, operator, version):
    operator.is_there({"/usr/bin/rostrum": "root root 755", "/lib/systemd/system/rostrum.service": "root root 644",
                       "/etc/rostrum": "root root 755", CONFIGURATION: "root root 644", DATA: PRIVATE})
    name, _, number, _, _, home, shell = machine.run("getent", "passwd", "rostrum").split(":")
    checks.hold("its user is a system's, and cannot log in", int(number) < 1000 and home == DATA and "nologin" in shell,
                (name, number, home, shell))
    checks.hold("it is started with the machine", machine.path(WANTED).is_symlink())
    checks.same("every file is as in the package", machine.run("dpkg", "--verify", "rostrum"), "")
    checks.hold("every library is there", "not found" not in machine.run("ldd", "/usr/bin/rostrum"))
    checks.same("the program runs", machine.run("rostrum", "--version"), version)


def version(machine):
    return machine.run("dpkg-query", "--show", "--showformat", "${Version}", "rostrum")


async def live_by_tarball(checks, machine, packages):
    """By whoever has no rights at all, in a directory of his own."""
    checks.part("tarball")
    operator, place = Operator(checks, machine), "/srv/try"
    shutil.copy(packages.tarball, machine.path("/root/rostrum.tar.gz"))
    machine.run("mkdir", place)
    machine.run("tar", "--extract", "--gzip", "--file", "/root/rostrum.tar.gz", "--directory", place, "--strip-components=1")
    machine.run("install", "-d", "-o", "nobody", "-g", "nogroup", f"{place}/work")
    program, data = f"{place}/bin/rostrum", f"{place}/work/data"
    checks.same("the program runs", machine.run(program, "--version", user="65534"), packages.version)
    operator.make_application(program, data, "65534")
    words = [program, "serve", "--config", f"{place}/etc/rostrum.yaml", "--data-dir", data]
    environment = {"ROSTRUM_PORT": str(operator.ports[0]), "ROSTRUM_ADMIN_PORT": str(operator.ports[1])}
    server = Server(machine, words, "65534", environment, operator.ports)
    server.start()
    await operator.make_channel(server)
    await operator.post(server)
    await operator.find_everything(server)
    checks.same("the server ends in order", server.stop(), 0)
    operator.is_there({data: "nobody nogroup 700", f"{data}/rostrum.db": "nobody nogroup 600"})
