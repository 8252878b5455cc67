#!/usr/bin/env python3
"""What hostile callers do to a server that has nothing before it."""
import contextlib
import gzip
import json
import socket
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

from scene import BODY, NUMBER, Served, code, exchange, post, scene, statuses, target  # noqa: E402
from loopback.programs import Directory, free_ports  # noqa: E402
from rest import ADMIN, usersig  # noqa: E402

FIELDS = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")


def upgrade(query, *headers):
    return "\r\n".join([f"GET /v4/ws?{query} HTTP/1.1", "Host: rostrum", *FIELDS, *headers, "", ""]).encode()


def opened(port, request):
    """The head of the answer to an upgrade, and the end of the connection."""
    return exchange(port, request, 20, has_ended=lambda answer: b"\r\n\r\n" in answer)


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server, _, cls.application = cls.enterClassContext(scene(proxied=False))
        cls.path = target(cls.application)

    def call(self, body=BODY, headers=(), path=None):
        return exchange(self.server.port, post(path or self.path, body, [*headers, "Connection: close"]), 20)

    def test_slow_callers_keep_nobody_waiting(self):
        """A thousand connections that send a byte now and then; each is cut off 10 s after its request began."""
        ended = threading.Event()
        connections = []
        # More is missing than comes in that time.
        unfinished = post(self.path, BODY.ljust(100))[:-60]
        with contextlib.ExitStack() as stack:
            for number in range(1000):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.server.port), timeout=5))
                connection.sendall(b"POST /v4/x/y HTTP/1.1\r\nHost: " if number % 2 else unfinished)
                connections.append(connection)

            def trickle():
                while not ended.wait(1):
                    for connection in connections:
                        with contextlib.suppress(OSError):
                            connection.send(b"a")

            thread = threading.Thread(target=trickle)
            thread.start()
            began, longest = time.monotonic(), 0
            try:
                while time.monotonic() - began < 8:
                    start = time.monotonic()
                    self.assertEqual(code(self.call()), 0)
                    longest = max(longest, time.monotonic() - start)
                    time.sleep(0.2)
                time.sleep(7)
            finally:
                ended.set()
                thread.join()
            # Who had to wait for them would wait until they are cut off.
            self.assertLess(longest, 5)
            open_still = 0
            for connection in connections:
                connection.settimeout(0.2)
                try:
                    while connection.recv(4096):
                        pass
                except TimeoutError:
                    open_still += 1
                except OSError:
                    pass
            self.assertEqual(open_still, 0)

    def test_many_names_cost_what_few_cost(self):
        """30,000 names of members, and 5,000 parameters, cost what few cost.

        That is all it shows: names that collide under a known seed are not made, and the seed is the language's.
        """
        def seconds(body, path=None):
            start = time.monotonic()
            answer = self.call(body, path=path)
            self.assertEqual(statuses(answer), [200])
            return time.monotonic() - start

        plain = json.dumps({"CheckItem": [{"UserID": "anna"}], "x": "y" * 900_000}).encode()
        # Alike in all but their ends.
        many = json.dumps({"CheckItem": [{"UserID": "anna"}], **{f"{'Aa' * 8}{n:06}": 0 for n in range(30_000)}}).encode()
        self.assertLess(len(many), 1 << 20)
        self.assertLess(seconds(many), 2 + 3 * seconds(plain))
        parameters = "".join(f"&p{number}=1" for number in range(5_000))
        self.assertLess(seconds(BODY, self.path + parameters), 2)

    def test_nothing_is_decompressed_for_strangers(self):
        bomb = gzip.compress(b" " * (64 << 20) + BODY)
        self.assertLess(len(bomb), 1 << 20)
        for coding in ("gzip", "deflate", "br", "zstd"):
            self.assertEqual(code(self.call(bomb, [f"Content-Encoding: {coding}"])), 60003, coding)
        query = self.application.query("anna")
        offered = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
        answer = opened(self.server.port, upgrade(query, offered))
        self.assertTrue(answer.startswith(b"HTTP/1.1 101 "), answer)
        self.assertNotIn(b"sec-websocket-extensions", answer.lower())

    def test_a_page_elsewhere_has_no_session_to_ride_on(self):
        """A browser sends cookies to a WebSocket of any origin; here a login is made by a token alone."""
        query = f"sdkappid={NUMBER}&identifier=anna"
        answer = exchange(self.server.port, upgrade(query, "Origin: https://evil.example", "Cookie: rostrum=1"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), answer)
        self.assertNotIn(b"set-cookie", answer.lower())
        # Who has the token may come from anywhere: apps are served from addresses that nobody tells the server.
        token = upgrade(self.application.query("anna"), "Origin: https://app.example")
        self.assertTrue(opened(self.server.port, token).startswith(b"HTTP/1.1 101 "))

    def test_failing_in_somebodys_name_keeps_him_out_nowhere_else(self):
        """20 failed signatures lock application, identifier and address together."""
        forged = (f"/v4/im_open_login_svc/account_check?sdkappid={NUMBER}&identifier={ADMIN}"
                  f"&usersig={usersig(NUMBER, 'guessed', ADMIN)}&random=7&contenttype=json")
        attacker = ["X-Forwarded-For: 2001:db8:6:6::%x"]
        codes = [code(self.call(headers=[attacker[0] % number], path=forged)) for number in range(1, 23)]
        self.assertEqual(codes, [70009] * 20 + [70050] * 2)
        self.assertEqual(code(self.call(headers=["X-Forwarded-For: 2001:db8:7:7::1"])), 0)
        self.assertEqual(code(self.call(headers=["X-Forwarded-For: 192.0.2.1"])), 0)
        self.assertEqual(code(self.call()), 0)


class PathTest(unittest.TestCase):
    """Whatever a path spells, it is the name of a page that the program has, or of none."""

    def test_no_path_leads_to_a_file_of_the_machine(self):
        keeper = Directory()
        port, admin = free_ports(2)
        server = Served("dev", ["dev", "--port", port, "--admin-port", admin, "--data-dir", keeper.path / "data"],
                        keeper.path, port, admin)
        try:
            server.start()
            server.wait_until_ready()
            secret = (keeper.path / "data/master.key").read_bytes().strip()
            page = exchange(port, b"GET /docs/operating HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            self.assertIn(b"200", page.split(b"\r\n")[0])
            up = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "%c0%ae%c0%ae/", "..;/", "....//"]
            places = ["/docs/", "/docs/commands/", "/console/", "/demo/", "/sdk/", "/", "//"]
            names = ["etc/passwd", f"{keeper.path}/data/master.key".lstrip("/"), "etc/passwd%00.md"]
            for place in places:
                for step in up:
                    for name in names:
                        request = f"GET {place}{step * 12}{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                        answer = exchange(port, request.encode("latin-1"))
                        self.assertNotIn(b"root:", answer, request)
                        self.assertNotIn(secret, answer, request)
        finally:
            server.stop()
            keeper.remove()


if __name__ == "__main__":
    unittest.main()
