"""Networks of their own on one machine, on cables that can be unplugged."""
import os
import subprocess
import sys

from .programs import Program, which


def ip(*words, inside=()):
    subprocess.run([*inside, which("ip"), *map(str, words)], check=True, capture_output=True, text=True)


def enter_own_network():
    """Runs the script again in a network namespace of its own, where cables may be made; False where that is forbidden.

    Root needs nothing else for it, other users a user namespace in which they are themselves.
    """
    if os.environ.get("ROSTRUM_OWN_NETWORK"):
        ip("link", "set", "lo", "up")
        return True
    words = [which("unshare"), "--net"]
    if os.geteuid():
        words += ["--user", "--map-current-user", "--keep-caps"]
    trial = [*words, "--", which("ip"), "link", "set", "lo", "up"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        return False
    os.environ["ROSTRUM_OWN_NETWORK"] = "1"
    sys.stdout.flush()
    os.execv(words[0], [*words, "--", sys.executable, *sys.argv])


class Place:
    """A network that is reached over its cables alone. Gone with the process that holds it."""

    def __init__(self, name, log):
        self.name = name
        self.holder = Program(f"the network of {name}", [which("unshare"), "--net", "--", "sleep", "infinity"], log)

    def start(self):
        self.holder.start()
        here = os.readlink("/proc/self/ns/net")
        self.holder.wait_until(lambda: os.readlink(f"/proc/{self.holder.process.pid}/ns/net") != here, "a network")
        ip("link", "set", "lo", "up", inside=self.words)

    def stop(self):
        self.holder.stop()

    @property
    def words(self):
        """What a command begins with that is to run there."""
        return [which("nsenter"), "--target", str(self.holder.process.pid), "--net", "--"]


class Cable:
    """Connects a place with the script's own network: 10.77.NUMBER.1 is here, 10.77.NUMBER.2 is there."""

    def __init__(self, place, number, server_is_there=False):
        self.place, self.number, self.link = place, number, f"cable{number}"
        self.here, self.there = f"10.77.{number}.1", f"10.77.{number}.2"
        self.server_is_there = server_is_there

    def lay(self):
        ip("link", "add", self.link, "type", "veth", "peer", "name", self.link, "netns", self.place.holder.process.pid)
        ip("address", "add", f"{self.here}/24", "dev", self.link)
        ip("address", "add", f"{self.there}/24", "dev", self.link, inside=self.place.words)
        for inside in ((), self.place.words):
            ip("link", "set", self.link, "up", inside=inside)

    def unplug(self):
        """What goes in at either end is lost from now on.

        It is pulled out at the server: the other end still has a way to it, and hears nothing.
        """
        self.set("down")

    def plug_in(self):
        self.set("up")

    def set(self, state):
        ip("link", "set", self.link, state, inside=self.place.words if self.server_is_there else ())
