"""The receivers of examples/webhooks: by requests that are right and wrong, and with a server that talks to them.

Run by `make docs-test`. A language whose tools are not there is skipped with a word.
"""

import hashlib
import hmac
import json
import pathlib
import re
import shutil
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from emulator import APPLICATION, BINARY, CHANNELS, PATIENCE, ROOT, Emulator, Program

EXAMPLES = ROOT / "examples/webhooks"
SECRET, TOKEN = "a secret of the tests", "hooktoken01"
PREFIX = "OfficialAccount.Callback"


def receiver(language, secret=SECRET, token=TOKEN):
    """The example of a language, started; None where Go's or Java's tools are not."""
    command, directory = {
        "python": (["python3", "receiver.py"], "python"),
        "node": (["node", "receiver.mjs"], "node"),
        "java": (["java", "Receiver.java"], "java"),
        "go": ([str(ROOT / ".build/examples/receiver")], "go"),
        "swift": ([str(BINARY.parent / "webhook-receiver")], "swift"),
    }[language]
    if language == "go":
        if not shutil.which("go"):
            return None
        pathlib.Path(command[0]).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", "-o", command[0], "."], cwd=EXAMPLES / "go", check=True)
    if language == "java" and not shutil.which("javac"):
        return None
    settings = {
        "ROSTRUM_SDKAPPID": APPLICATION, "ROSTRUM_WEBHOOK_SECRET": secret, "ROSTRUM_WEBHOOK_TOKEN": token, "PORT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Program(command, r"listening on (http://127\.0\.0\.1:\d+)", EXAMPLES / directory, settings)


class Webhook:
    """A request as the server makes it, to be spoiled."""

    def __init__(self, command="AfterCreateOfficialAccount", delivery="d-1", name="Häfen", now=None, **spoiled):
        self.now = int(time.time()) if now is None else now
        event = {"CallbackCommand": PREFIX + command, "Name": name}
        self.body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        self.secret, self.token, self.application, self.asked_for = SECRET, TOKEN, APPLICATION, None
        self.sent, self.asked, self.delivery, self.method = str(self.now), str(self.now), delivery, "POST"
        vars(self).update(spoiled)
        signed = f"{self.sent}.{self.delivery}.{self.application}.".encode() + self.body
        self.signature = "v1=" + hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        self.sign = hashlib.sha256((self.token + self.asked).encode()).hexdigest()
        vars(self).update(spoiled)

    def send(self, url):
        """The status, and the reply when there is one."""
        query = {"SdkAppid": self.asked_for or self.application, "Sign": self.sign, "RequestTime": self.asked}
        headers = {
            "Content-Type": "application/json", "X-Rostrum-Delivery": self.delivery, "X-Rostrum-Timestamp": self.sent,
            "X-Rostrum-Signature": self.signature,
        }
        request = urllib.request.Request(
            f"{url}/hook?{urllib.parse.urlencode(present(query))}", self.body, present(headers), method=self.method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, None


def present(fields):
    return {name: text for name, text in fields.items() if text is not None}


def wrong_webhooks():
    """Why each of them is to be refused, and the request."""
    now = int(time.time())
    right = Webhook()
    last = "1" if right.signature[-1] == "0" else "0"
    return {
        "another secret": Webhook(secret="another"),
        "no signature": Webhook(signature=None),
        "an empty signature": Webhook(signature=""),
        "a signature without v1=": Webhook(signature=right.signature[3:]),
        "half a signature": Webhook(signature=right.signature[:35]),
        "a signature with its last digit changed": Webhook(signature=right.signature[:-1] + last),
        "a signature in capitals": Webhook(signature="v1=" + right.signature[3:].upper()),
        "another body": Webhook(signature=right.signature, body=right.body + b" "),
        "another delivery": Webhook(signature=right.signature, delivery="d-2"),
        "another application, rightly signed": Webhook(application="88888889"),
        "the URL of another application": Webhook(asked_for="88888889"),
        "an old time, rightly signed": Webhook(sent=str(now - 400)),
        "a future time, rightly signed": Webhook(sent=str(now + 400)),
        "no time": Webhook(sent=None),
        "a time that is no number": Webhook(sent="soon"),
        "a time too long for any number": Webhook(sent="9" * 5000),
        "a negative time": Webhook(sent="-1"),
        "a changed time": Webhook(signature=right.signature, sent=str(now - 1)),
        "no Sign": Webhook(sign=None),
        "a Sign of another token": Webhook(token="another"),
        "a Sign of another time": Webhook(sign=right.sign, asked=str(now - 1)),
        "an old RequestTime, rightly signed": Webhook(asked=str(now - 400)),
        "no RequestTime": Webhook(asked="", sign=hashlib.sha256(TOKEN.encode()).hexdigest()),
    }


class ReceiverCase:
    language = None

    def start(self, **settings):
        program = receiver(self.language, **settings)
        if program is None:
            self.skipTest(f"no tools for {self.language} here")
        self.addCleanup(program.end)
        return program

    def test_takes_what_is_signed_rightly_and_refuses_everything_else(self):
        program = self.start()
        self.assertEqual(Webhook().send(program.url), (200, {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}))
        for why, webhook in wrong_webhooks().items():
            with self.subTest(why):
                self.assertEqual(webhook.send(program.url)[0], 401)
        self.assertIn(Webhook(method="PUT").send(program.url)[0], (404, 405, 501))
        # Nothing of that hurt it, and nothing but the first one counted.
        self.assertEqual(Webhook(delivery="d-3").send(program.url)[0], 200)
        program.wait(lambda: any("d-3" in line for line in program.lines), "the second event was not told")
        told = [line for line in program.lines if line.startswith(PREFIX)]
        self.assertEqual(told, [f"{PREFIX}AfterCreateOfficialAccount d-1", f"{PREFIX}AfterCreateOfficialAccount d-3"])

    def test_takes_a_time_within_five_minutes(self):
        program = self.start()
        now = int(time.time())
        for seconds in (-290, 290):
            moved = str(now + seconds)
            self.assertEqual(Webhook(sent=moved, asked=moved).send(program.url)[0], 200, seconds)

    def test_a_repetition_is_answered_and_not_told_again(self):
        program = self.start()
        for delivery in ("d-1", "d-1", "d-2", "d-1", "d-3"):
            self.assertEqual(Webhook(delivery=delivery).send(program.url)[0], 200)
        program.wait(lambda: any("d-3" in line for line in program.lines), "the last event was not told")
        self.assertEqual(sum(line.startswith(PREFIX) for line in program.lines), 3)

    def test_without_a_token_no_sign_is_asked_for(self):
        program = self.start(token="")
        webhook = Webhook()
        webhook.sign = webhook.asked = None
        self.assertEqual(webhook.send(program.url)[0], 200)
        self.assertEqual(Webhook(secret="another").send(program.url)[0], 401)

    def test_a_server_is_refused_and_obeyed_by_it(self):
        server = Emulator.for_test(self)
        shown = server.rostrum("app", "show", APPLICATION, "--secrets", data=True)
        program = self.start(secret=re.search(r"^webhook secret +(\S+)$", shown, re.M)[1])
        webhooks = ["--webhook-url", f"{program.url}/hook", "--webhook-enable", "all", "--webhook-token", TOKEN]
        server.rostrum("app", "set", APPLICATION, *webhooks, data=True)
        deadline = time.monotonic() + PATIENCE
        # A running server follows within 5 s.
        while (reply := self.create(server, "forbidden"))["ErrorCode"] == 0:
            self.assertLess(time.monotonic(), deadline, "the server has not followed")
            time.sleep(0.2)
        self.assertEqual((reply["ErrorCode"], reply["ErrorInfo"]), (120001, "This name is not allowed."))
        self.assertEqual(self.create(server, "Ferries")["ErrorCode"], 0)
        after = f"{PREFIX}AfterCreateOfficialAccount "
        program.wait(lambda: any(line.startswith(after) for line in program.lines), "nothing was told")

    def create(self, server, name):
        return server.call(CHANNELS + "create_official_account", Owner_Account="107867", Name=name)


def cases():
    """A class for each language, so that each is skipped by itself."""
    for language in ("python", "node", "go", "java", "swift"):
        name = language.capitalize() + "ReceiverTest"
        yield name, type(name, (ReceiverCase, unittest.TestCase), {"language": language})


globals().update(cases())


if __name__ == "__main__":
    unittest.main()
