"""Receives webhooks of Rostrum: checks who sent them, answers them, and tells repetitions.

    ROSTRUM_SDKAPPID=88888888 ROSTRUM_WEBHOOK_SECRET=… python3 receiver.py

ROSTRUM_WEBHOOK_TOKEN is the text given to `rostrum app set --webhook-token`, if any; PORT is 9000 unless set otherwise.
"""

import hashlib
import hmac
import json
import os
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SDKAPPID = os.environ["ROSTRUM_SDKAPPID"]
SECRET = os.environ["ROSTRUM_WEBHOOK_SECRET"]
TOKEN = os.environ.get("ROSTRUM_WEBHOOK_TOKEN", "")
LONGEST_BODY = 1 << 20


def fault(query, headers, body, now):
    """What is wrong with a webhook; None when it came from the server, just now, and is for this application."""

    def is_recent(seconds):
        return len(seconds) < 16 and seconds.isascii() and seconds.isdigit() and abs(now - int(seconds)) <= 300

    if query.get("SdkAppid") != SDKAPPID:
        return "for another application"
    sent, delivery = headers.get("X-Rostrum-Timestamp", ""), headers.get("X-Rostrum-Delivery", "")
    if not is_recent(sent):
        return "not sent just now"
    signed = f"{sent}.{delivery}.{SDKAPPID}.".encode() + body
    expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), headers.get("X-Rostrum-Signature", "").encode()):
        return "signed with another secret"
    if TOKEN:
        asked = query.get("RequestTime", "")
        sign = hashlib.sha256((TOKEN + asked).encode()).hexdigest()
        if not is_recent(asked) or not hmac.compare_digest(sign.encode(), query.get("Sign", "").encode()):
            return "signed with another token"
    return None


class Seen:
    """The newest deliveries. Where it counts, keep them in the database, in the transaction of what they cause."""

    def __init__(self, most=10_000):
        self.ids, self.most = OrderedDict(), most

    def is_new(self, delivery):
        if delivery in self.ids:
            return False
        self.ids[delivery] = True
        if len(self.ids) > self.most:
            self.ids.popitem(last=False)
        return True


def verdict(event):
    """The answer to an event; only "before" webhooks look at it."""
    is_creation = event.get("CallbackCommand") == "OfficialAccount.CallbackBeforeCreateOfficialAccount"
    if is_creation and "forbidden" in event.get("Name", ""):
        return {"ActionStatus": "OK", "ErrorCode": 120001, "ErrorInfo": "This name is not allowed."}
    return {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    seen = Seen()

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.refuse(413, "too long")
        body = self.rfile.read(int(length))
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if reason := fault(query, self.headers, body, time.time()):
            return self.refuse(401, reason)
        event = json.loads(body)
        if self.seen.is_new(self.headers["X-Rostrum-Delivery"]):
            print(event["CallbackCommand"], self.headers["X-Rostrum-Delivery"], flush=True)
        self.answer(200, verdict(event))

    def refuse(self, status, reason):
        self.answer(status, {"ActionStatus": "FAIL", "ErrorCode": 1, "ErrorInfo": reason})

    def answer(self, status, members):
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """The line of each event is enough."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
