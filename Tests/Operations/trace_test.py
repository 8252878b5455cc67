"""A trace goes from a caller through a server, its webhooks, the backend and another server, and over a crash.

Run by `make traces-test`; needs a build.
"""

import http.server
import json
import secrets
import sys
import tempfile
import threading
import time
import unittest

from server import APPLICATION, PATIENCE, Server

CREATED = "OfficialAccount.CallbackAfterCreateOfficialAccount"
ASKED = "OfficialAccount.CallbackBeforeCreateOfficialAccount"


class Backend(http.server.ThreadingHTTPServer):
    """Takes webhooks or refuses them, and keeps their headers."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.received, self.changed = [], threading.Condition()
        self.refuses = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, path, command, headers):
        """The status to answer with."""
        with self.changed:
            status = 503 if self.refuses else 200
            self.received.append((path, command, headers, status))
            self.changed.notify_all()
        return status

    def handle_error(self, request, client_address):
        # A server that a test kills leaves its connections to be reset.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def wait(self, path, command, count=1, where=lambda headers, status: True):
        """The headers of so many webhooks of a kind, or more: one that is answered too late comes again."""
        def found():
            return [headers for *kind, headers, status in self.received
                    if kind == [path, command] and where(headers, status)]

        with self.changed:
            if not self.changed.wait_for(lambda: len(found()) >= count, PATIENCE):
                raise AssertionError(f"{command} did not come to {path} {count} times: {self.received}")
            return found()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.take(self.path.split("?")[0], body["CallbackCommand"], dict(self.headers))
        answer = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def traceparent(flags="01"):
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{flags}"


class TraceTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = directory.name
        self.backend = Backend()
        self.addCleanup(self.backend.server_close)
        self.addCleanup(self.backend.shutdown)

    def server(self, name):
        server = Server(f"{self.place}/{name}")
        self.addCleanup(server.end)
        server.rostrum("app", "set", APPLICATION, "--webhook-url", f"{self.backend.url}/{name}",
                       "--webhook-enable", "all")
        # The running server follows within 5 s.
        time.sleep(5.5)
        return server

    def create(self, server, **headers):
        answer = server.call("create_official_account", headers, Owner_Account="administrator", Name="News")
        self.assertEqual(answer["ErrorCode"], 0, answer)
        return answer

    def call_line(self, server, answer):
        """The call's line of the log, which is written beside the answer."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [line for line in server.lines("call") if line["request.id"] == answer["RequestId"]]
            if found:
                [line] = found
                return line
            self.assertLess(time.monotonic(), end, f"no line of {answer['RequestId']}")
            time.sleep(0.05)

    def test_from_server_to_server(self):
        first, second = self.server("first"), self.server("second")
        said = traceparent()
        answer = self.create(first, traceparent=said, tracestate="rojo=1 , congo=two words")
        asked = self.backend.wait("/first", ASKED)[0]
        told = self.backend.wait("/first", CREATED)[0]
        onward = {name: told[name] for name in ("traceparent", "tracestate")}
        answer_second = self.create(second, **onward)
        asked_second = self.backend.wait("/second", ASKED)[0]
        told_second = self.backend.wait("/second", CREATED)[0]

        trace = said.split("-")[1]
        one, two = self.call_line(first, answer), self.call_line(second, answer_second)
        self.assertEqual([one["trace_id"], two["trace_id"]], [trace, trace])
        self.assertEqual(len({said.split("-")[2], one["span_id"], two["span_id"]}), 3)
        for line, webhooks in [(one, (asked, told)), (two, (asked_second, told_second))]:
            for headers in webhooks:
                self.assertEqual(headers["traceparent"], f"00-{trace}-{line['span_id']}-01")
                self.assertEqual(headers["tracestate"], "rojo=1,congo=two words")

    def test_over_a_crash(self):
        server = self.server("first")
        self.backend.refuses = True
        server.rostrum("app", "set", APPLICATION, "--webhook-enable", CREATED)
        time.sleep(5.5)
        said = traceparent("00")
        answer = self.create(server, traceparent=said)
        before = self.backend.wait("/first", CREATED)[0]
        line = self.call_line(server, answer)
        server.crash()
        server.start()
        # Nothing of the one that crashed is on its way any more.
        self.backend.refuses = False
        after = self.backend.wait("/first", CREATED, where=lambda _, status: status == 200)[0]
        self.assertEqual(after["traceparent"], f"00-{said.split('-')[1]}-{line['span_id']}-00")
        self.assertEqual(after["traceparent"], before["traceparent"])
        self.assertEqual(after["X-Rostrum-Delivery"], before["X-Rostrum-Delivery"])
        self.assertNotIn("tracestate", after)

    def test_what_is_no_trace(self):
        server = self.server("first")
        said = traceparent()
        version, trace, span, flags = said.split("-")
        hostile = [
            None, "", "x" * 10_000, f"{version}-{trace}", f"ff-{trace}-{span}-{flags}", said.upper().replace("00-", "0A-", 1),
            f"00-{'0' * 32}-{span}-01", f"00-{trace}-{'0' * 16}-01", f"{said}-more", f"{said},{said}",
            f"00-{trace}-{span}-zz", f"00-{trace}-{span}-01\t\u00e9",
        ]
        seen = set()
        for header in hostile:
            headers = {"tracestate": "a=1"} | ({} if header is None else {"traceparent": header.encode().decode("latin-1")})
            answer = self.create(server, **headers)
            line = self.call_line(server, answer)
            self.assertRegex(line["trace_id"], "^[0-9a-f]{32}$")
            self.assertRegex(line["span_id"], "^[0-9a-f]{16}$")
            self.assertNotEqual(line["trace_id"], trace, header)
            seen.add(line["trace_id"])
        self.assertEqual(len(seen), len(hostile), "each has a trace of its own")
        for trace in seen:
            headers = self.backend.wait("/first", CREATED, where=lambda headers, _: trace in headers["traceparent"])[0]
            self.assertEqual(headers["traceparent"][-3:], "-00")
            self.assertNotIn("tracestate", headers)

    def test_state_that_is_too_long_is_left_out(self):
        server = self.server("first")
        for state, goes_on in [("a=" + "x" * 250 + ",b=" + "y" * 256, True), ("a=" + "x" * 250 + ",b=" + "y" * 254 + ",c=1", False),
                               ("a=1,a=2", False)]:
            trace = (said := traceparent()).split("-")[1]
            self.create(server, traceparent=said, tracestate=state)
            for command in (ASKED, CREATED):
                told = self.backend.wait("/first", command, where=lambda headers, _: trace in headers["traceparent"])[0]
                self.assertEqual(told.get("tracestate"), state if goes_on else None)


if __name__ == "__main__":
    unittest.main()
