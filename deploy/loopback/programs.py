"""Programs that a script starts, and that end with it however it ends."""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

# Where Debian keeps programs that are not for everybody's PATH.
SYSTEM_PATH = os.pathsep.join(["/usr/local/sbin", "/usr/sbin", "/sbin"])


class Failed(Exception):
    """A part of the cluster does not do what it is there for."""


def which(program):
    path = os.environ.get("PATH", os.defpath) + os.pathsep + SYSTEM_PATH
    found = shutil.which(program, path=path)
    if not found:
        raise Failed(f"{program} is missing; scripts/setup cluster installs what is needed on Debian")
    return found


def preloadable(source, directory):
    """A C file as a library that LD_PRELOAD takes."""
    library = directory / f"{source.stem}.so"
    subprocess.run([which("cc"), "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


def free_ports(count):
    """So many different ports that nobody has.

    None is of the kernel's own for outgoing connections: one of those might take the port of a program that is down, even
    the connection of a client who comes back too early, which then meets itself.
    """
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with contextlib.ExitStack() as probes:
        ports = []
        while len(ports) < count:
            port = random.randrange(max(1024, first // 2), max(2048, first))
            probe = probes.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
        return ports


def wait_until(condition, what, seconds=30, pause=0.05):
    """The first true result of a condition that is tried again and again."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise Failed(f"after {seconds} s still not so: {what}")
        time.sleep(pause)
    return found


class Program:
    """A process that the kernel ends when the script ends, even by SIGKILL."""

    def __init__(self, name, words, log, environment=None, user=None, place=None, if_orphaned=signal.SIGKILL):
        self.name, self.log, self.place, self.process = name, pathlib.Path(log), place, None
        # setpriv asks for the signal after it became the user, which is what would take it back.
        drop = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        orphaned = if_orphaned.name.removeprefix("SIG")
        self.words = [which("setpriv"), *drop, "--pdeathsig", orphaned, "--", *map(str, words)]
        self.environment = environment

    def start(self):
        # The kernel counts the thread, not the process, as the parent.
        assert threading.current_thread() is threading.main_thread(), "programs are started by the main thread"
        with open(self.log, "ab") as log:
            words = [*(self.place.words if self.place else []), *self.words]
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                            env=self.environment, start_new_session=True)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait()

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Ends it in its own way. One that does not end in time is killed, and that is an error."""
        if not self.is_running:
            return
        self.send(number)
        # A signal waits while its process is paused.
        self.send(signal.SIGCONT)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not end within {seconds} s: {self.tail()}") from None

    def wait_until(self, condition, what, seconds=30):
        """As the function of that name; a program that ends meanwhile is not waited for."""
        def judge():
            if not self.is_running:
                raise Failed(f"{self.name} has ended with status {self.process.returncode}: {self.tail()}")
            return condition()

        try:
            return wait_until(judge, what, seconds)
        except Failed as failed:
            raise Failed(f"{failed}\n{self.tail()}" if self.is_running else str(failed)) from None

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Directory:
    """A directory for the time that the script runs: removed when it ends, even by SIGKILL. One that is given stays."""

    REMOVE = """
    read -r line
    left=100
    while [ -e "$1" ] && [ $left -gt 0 ]; do rm -rf "$1" 2>/dev/null || sleep 0.1; left=$((left - 1)); done
    """

    def __init__(self, given=None):
        self.keeper = None
        if given:
            self.path = pathlib.Path(given).absolute()
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            return
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="rostrum-cluster-"))
        # Programs of other users have directories of their own in it.
        self.path.chmod(0o711)
        self.keeper = subprocess.Popen(["sh", "-c", self.REMOVE, "sh", str(self.path)], stdin=subprocess.PIPE,
                                       start_new_session=True, cwd="/")

    def remove(self):
        if self.keeper:
            self.keeper.communicate()
