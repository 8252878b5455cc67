"""A server behind the HAProxy of deploy, and sockets that send it whatever a test has them send."""
import contextlib
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy"), str(ROOT / "Tests/Wire")]

from loopback.haproxy import HAProxy  # noqa: E402
from loopback.programs import Directory, Program, free_ports  # noqa: E402
from rest import ADMIN, Application  # noqa: E402

BINARY = pathlib.Path(os.environ.get("ROSTRUM_BINARY", str(ROOT / ".build/debug/rostrum")))
NUMBER = 1400000001
# The command of hidden requests, which nobody calls openly.
HIDDEN = "query_online_status"
BODY = b'{"CheckItem":[{"UserID":"anna"}]}'


class Served(Program):
    """A `rostrum` that listens, with an admin port."""

    def __init__(self, name, words, directory, port, admin):
        super().__init__(name, [BINARY, *words], directory / f"{name}.log")
        self.host, self.port, self.admin = "127.0.0.1", port, f"127.0.0.1:{admin}"

    def wait_until_ready(self):
        self.wait_until(lambda: "rostrum is ready" in self.log.read_text(), f"{self.name} is ready")

    def counted_calls(self, command=""):
        """How many calls of the REST API it has answered, or of one command of it."""
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=5) as reply:
            lines = reply.read().decode()
        return sum(int(float(count)) for labels, count in re.findall(r"^rostrum_requests_total\{(.*)\} (\S+)$", lines, re.M)
                   if command in labels)


class Node:
    """One of the three that the proxy's configuration has; all of them are the one server."""

    def __init__(self, number, server):
        self.name, self.host, self.port, self.admin = f"node{number}", server.host, server.port, server.admin


@contextlib.contextmanager
def scene(proxied=True):
    """A server with one application, and HAProxy before it."""
    keeper = Directory()
    parts = []
    try:
        directory = keeper.path
        data, key = directory / "data", secrets.token_hex(32)
        subprocess.run([BINARY, "app", "create", str(NUMBER), "--key", key, "--admin", ADMIN, "--data-dir", data],
                       check=True, capture_output=True)
        subprocess.run([BINARY, "app", "set", str(NUMBER), "--limits", "callsPerSecond=0", "--data-dir", data],
                       check=True, capture_output=True)
        port, admin, front = free_ports(3)
        server = Served("serve", ["serve", "--data-dir", data, "--port", port, "--admin-port", admin,
                                  "--trusted-proxies", "127.0.0.1"], directory, port, admin)
        parts.append(server)
        server.start()
        server.wait_until_ready()
        proxy = None
        if proxied:
            nodes = [Node(number, server) for number in (1, 2, 3)]
            proxy = HAProxy(ROOT / "deploy/haproxy/haproxy.cfg", directory, front, nodes)
            parts.append(proxy)
            proxy.start()
            proxy.wait_until_ready()
        yield server, proxy, Application(NUMBER, key)
    finally:
        for part in reversed(parts):
            part.stop()
        keeper.remove()


def target(application, command="im_open_login_svc/account_check"):
    return f"/v4/{command}?{application.query(ADMIN)}&random=7&contenttype=json"


def post(path, body, headers=(), host="rostrum"):
    """A request as it should be."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def exchange(port, data, seconds=1.5, source="127.0.0.1", later=(), has_ended=lambda answer: False):
    """Whatever comes back until the other side closes or says nothing for so long; for less, once the answer has ended."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 5, (source, 0)) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
            for more in later:
                time.sleep(0.2)
                connection.sendall(more)
        connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                answer += part
                if has_ended(answer):
                    connection.settimeout(0.3)
    return answer


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def code(answer):
    """The ErrorCode of the last reply."""
    return json.loads(answer[answer.rindex(b'{"ActionStatus"'):])["ErrorCode"]


class BothSidesTest(unittest.TestCase):
    """Counts requests before HAProxy and behind it."""

    @classmethod
    def setUpClass(cls):
        cls.server, cls.proxy, cls.application = cls.enterClassContext(scene())
        cls.path = target(cls.application)
        cls.hidden = post(target(cls.application, f"openim/{HIDDEN}"), b'{"To_Account":["anna"]}')

    def forwarded(self):
        """How many requests HAProxy has given to the server, its own checks apart."""
        return sum(int(row["stot"]) for backend in ("rest", "live", "waiting") for row in self.proxy.rows(backend))

    @contextlib.contextmanager
    def counted(self):
        """A list that gets how many requests HAProxy has sent meanwhile, how many calls the server has answered, and how many
        of these were hidden ones."""
        def count():
            return self.forwarded(), self.server.counted_calls(), self.server.counted_calls(HIDDEN)
        before, counts = count(), []
        yield counts
        counts += [now - then for now, then in zip(count(), before)]

    def assert_nothing_smuggled(self, counts, answer):
        """A hidden request is run only when it was sent as one, behind the one that hid it: answers to that, such as the
        refusal of an upgrade, are not all counted."""
        sent, seen, hidden = counts
        self.assertLessEqual(seen, sent, answer)
        self.assertLessEqual(hidden, max(0, sent - 1), answer)
