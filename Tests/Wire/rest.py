"""The REST API for a program that must know what became of each of its calls."""
import asyncio
import base64
import hashlib
import hmac
import json
import time
import zlib

ADMIN = "administrator"
CHANNELS, LOGIN = "official_account_open_http_svc", "im_open_login_svc"
# The server's own faults: the call may be made again.
SERVER_FAULTS = {10002, 20005, 60008, 70500, 90994}


def usersig(application, key, user, ahead=0):
    """Made now, or so many seconds later (before, when negative)."""
    now = int(time.time()) + ahead
    lines = {"TLS.identifier": user, "TLS.sdkappid": application, "TLS.time": now, "TLS.expire": 86400}
    text = "".join(f"{name}:{value}\n" for name, value in lines.items())
    signature = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    document = json.dumps({"TLS.ver": "2.0", **lines, "TLS.sig": signature})
    return base64.b64encode(zlib.compress(document.encode())).decode().translate(str.maketrans("+/=", "*-_"))


class Application:
    def __init__(self, number, key):
        self.number, self.key = number, key

    def query(self, user, ahead=0):
        return f"sdkappid={self.number}&identifier={user}&usersig={usersig(self.number, self.key, user, ahead)}"


class Lost(Exception):
    """Nobody knows what the server said."""


class Faulty(Exception):
    """The server says that it is in trouble."""


class Unanswered(Exception):
    """A call that was made again and again got no answer that says what became of it."""


class Caller:
    """One connection that calls commands one after the other, and calls again when it does not know the answer."""

    # After so many seconds an answer counts as lost.
    PATIENCE = 12

    def __init__(self, application, host, port):
        self.host, self.port = host, port
        self.log_in(application)
        self.reader = self.writer = None
        self.retries, self.longest = 0, 0
        # Whether the last call was made more than once: an earlier attempt may still be on its way.
        self.was_retried = False

    def log_in(self, application):
        """From now on all calls are signed under the application's key."""
        self.application, self.query = application, application.query(ADMIN)

    async def call(self, command, body, key=None, seconds=90):
        """The answer, be it a refusal. With an Idempotency-Key the call is done once, however often it is made."""
        began, pause = time.monotonic(), 0.1
        self.was_retried = False
        while True:
            try:
                answer = await self.attempt(command, body, key)
                if answer["ErrorCode"] not in SERVER_FAULTS:
                    self.longest = max(self.longest, time.monotonic() - began)
                    return answer
                problem = answer
            except Lost as lost:
                problem = lost
            if time.monotonic() - began > seconds:
                raise Unanswered(f"{command} {body}: {problem}")
            self.retries += 1
            self.was_retried = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1)

    async def attempt(self, command, body, key):
        data = json.dumps(body).encode()
        path = command if "/" in command else f"{CHANNELS}/{command}"
        head = (f"POST /v4/{path}?{self.query}&random=7&contenttype=json HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n")
        head += f"Idempotency-Key: {key}\r\n\r\n" if key else "\r\n"
        try:
            async with asyncio.timeout(self.PATIENCE):
                if not self.writer:
                    self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
                self.writer.write(head.encode() + data)
                status, headers = await read_head(self.reader)
                text = await self.reader.readexactly(int(headers["content-length"]))
                if headers.get("connection") == "close":
                    self.close()
            if status != 200:
                raise Lost(f"HTTP {status}")
            return json.loads(text)
        except (OSError, EOFError, TimeoutError, ValueError, KeyError, asyncio.IncompleteReadError) as problem:
            self.close()
            raise Lost(repr(problem)) from None

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Impatient(Caller):
    """Takes the first answer, whatever it is."""

    async def call(self, command, body, key=None, seconds=0):
        return await self.attempt(command, body, key)


async def read_head(reader):
    """The status and the headers of an HTTP response."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.split(":", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in headers.items()}
