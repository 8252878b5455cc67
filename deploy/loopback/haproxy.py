"""HAProxy before the nodes, by deploy/haproxy/haproxy.cfg."""
import os
import pwd
import signal
import socket

from .programs import Program, which


class HAProxy(Program):
    def __init__(self, configuration, directory, port, nodes):
        self.port, self.socket = port, directory / "haproxy.sock"
        environment = os.environ | {
            "HAPROXY_MAXCONN": "2000",
            "HAPROXY_USER": pwd.getpwuid(os.geteuid()).pw_name,
            "HAPROXY_ADMIN_SOCKET": str(self.socket),
            "HAPROXY_LOG": "stdout",
            "ROSTRUM_BIND": f"127.0.0.1:{port}",
        }
        for node in nodes:
            name = f"ROSTRUM_{node.name.upper()}"
            environment |= {name: f"{node.host}:{node.port}", f"{name}_ADMIN": node.admin}
        words = [which("haproxy"), "-db", "-f", configuration]
        super().__init__("haproxy", words, directory / "haproxy.log", environment)

    def ask(self, command):
        """What the socket for administrators answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.socket))
            connection.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def rows(self, backend):
        lines = self.ask("show stat").splitlines()
        names = lines[0].removeprefix("# ").split(",")
        return [dict(zip(names, line.split(","))) for line in lines if line.startswith(f"{backend},node")]

    def states(self, backend):
        """UP, DOWN, DRAIN, … of each node, as the backend sees it."""
        return {row["svname"]: row["status"].split()[0] for row in self.rows(backend)}

    def calls(self, node):
        """How many calls the node is at."""
        return sum(int(row["scur"]) for row in self.rows("rest") if row["svname"] == node.name)

    def drain(self, node):
        """The node gets nothing new, and has done what it had."""
        self.set_state(node, "drain")
        self.wait_until(lambda: self.calls(node) == 0, f"{node.name} has no calls any more")

    def set_state(self, node, state):
        for backend in ("rest", "live"):
            self.ask(f"set server {backend}/{node.name} state {state}")

    def sees_all(self):
        if not self.socket.exists():
            return False
        return all(state == "UP" for backend in ("rest", "live") for state in self.states(backend).values())

    def wait_until_ready(self):
        self.wait_until(self.sees_all, "HAProxy sees every node")

    def stop(self, number=signal.SIGTERM, seconds=10):
        super().stop(number, seconds)
