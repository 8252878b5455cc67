"""The table of docs/webhooks.md beside what a server sends. Run by `make docs-test`."""

import http.server
import json
import re
import threading
import time
import unittest

from emulator import APPLICATION, CHANNELS, PATIENCE, ROOT, Emulator

PREFIX = "OfficialAccount.Callback"
NEWS = "@TOA#_news"


class Backend:
    """Answers every webhook with a yes, and keeps the members of each body by the end of the event's name."""

    def __init__(self):
        self.bodies, self.arrived = {}, threading.Condition()
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                backend.keep(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words):
                """What arrives is looked at by the test."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def keep(self, body):
        with self.arrived:
            self.bodies[body["CallbackCommand"].removeprefix(PREFIX)] = set(body)
            self.arrived.notify_all()

    def wait(self, count):
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.bodies) >= count, PATIENCE)

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class BodiesTest(unittest.TestCase):
    maxDiff = None

    def test_the_members_of_each_body_are_those_of_the_page(self):
        page = (ROOT / "docs/webhooks.md").read_text()
        rows = dict(re.findall(r"^\| `Callback(\w+)` \| [^|]* \| ([^|]*) \|$", page, re.M))
        rows["AfterAddSubscriber"] = rows["BeforeAddSubscriber"]
        always = {"CallbackCommand", "EventTime"}
        documented = {name: {*always, *re.findall(r"`(\w+)`", row)} for name, row in rows.items()}
        self.assertEqual(len(documented), 11)

        backend, server = Backend(), Emulator.for_test(self)
        self.addCleanup(backend.end)
        server.rostrum("app", "set", APPLICATION, "--webhook-url", backend.url, "--webhook-enable", "all", data=True)
        deadline = time.monotonic() + PATIENCE
        # A running server follows within 5 s.
        while not backend.bodies:
            self.assertLess(time.monotonic(), deadline, "the server has not followed")
            self.call(server, "create_official_account", Owner_Account="107867", Name="Probe")
            time.sleep(0.2)
        self.live_a_channels_life(server)
        backend.wait(11)

        self.assertEqual(backend.bodies, documented)

    def live_a_channels_life(self, server):
        """Everything that there is a webhook for."""
        profile = {"Name": "N", "Introduction": "I", "FaceUrl": "https://a/b", "Organization": "O"}
        element = {"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}
        new = {"OfficialAccountUserID": NEWS, "Owner_Account": "107867", "Name": "News", "MaxSubscriberNum": 1}
        self.call(server, "create_official_account", **new)
        self.call(server, "modify_official_account_base_info", Official_Account=NEWS, **profile)
        subscribers = [{"Subscriber_Account": "107867"}]
        self.call(server, "add_subscriber", Official_Account=NEWS, SubscriberList=subscribers)
        sent = self.call(server, "send_official_account_msg", Official_Account=NEWS, Random=1, MsgBody=[element])
        self.call(server, "official_account_msg_recall", Official_Account=NEWS, MsgKeyList=[sent["MsgKey"]])
        self.call(server, "delete_subscriber", Official_Account=NEWS, SubscriberToDel_Account=["107867"])
        self.call(server, "destroy_official_account", Official_Account=NEWS)

    def call(self, server, command, **members):
        reply = server.call(CHANNELS + command, **members)
        self.assertEqual(reply["ErrorCode"], 0, reply)
        return reply


if __name__ == "__main__":
    unittest.main()
