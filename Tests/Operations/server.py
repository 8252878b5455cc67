"""`rostrum serve` over a directory of its own, with one application."""

import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request
import json

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "Tests/Documentation"), str(ROOT / "Tests/Wire")]

from emulator import BINARY, PATIENCE, Program  # noqa: E402
from rest import ADMIN, CHANNELS, usersig  # noqa: E402

APPLICATION = 1400000001


class Server:
    """Its log is JSON, a line each, in a file beside the directory."""

    def __init__(self, directory, *words):
        self.directory, self.words, self.log = pathlib.Path(directory), words, pathlib.Path(f"{directory}.log")
        self.program = None
        self.start()
        made = self.rostrum("app", "create", APPLICATION, "--name", "Test", "--admin", ADMIN)
        self.key = re.search(r"\b[0-9a-f]{64}\b", made)[0]

    def start(self):
        command = [
            BINARY, "serve", "--data-dir", self.directory, "--port", "0", "--admin-port", "0", "--log-format", "json",
            "--webhook-allow", "127.0.0.0/8", *self.words,
        ]
        # The shell gives standard error its file, then becomes the server, so that a signal meets that.
        script = 'log=$1; shift; exec "$@" 2>>"$log"'
        shell = ["sh", "-c", script, "sh", self.log, *command]
        self.program = Program([str(word) for word in shell], r"rostrum is ready on (http.*)")
        lines = "\n".join(self.program.lines)
        self.admin = re.search(r"metrics and health are on (http.*)", lines)[1]

    @property
    def url(self):
        return self.program.url

    def end(self):
        self.program.end()

    def crash(self):
        self.program.process.kill()
        self.program.end()

    def rostrum(self, *words):
        command = [str(word) for word in [BINARY, *words, "--data-dir", self.directory]]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def call(self, command, headers=None, **members):
        query = {
            "sdkappid": APPLICATION, "identifier": ADMIN, "usersig": usersig(APPLICATION, self.key, ADMIN), "random": 1,
            "contenttype": "json",
        }
        request = urllib.request.Request(
            f"{self.url}/v4/{CHANNELS}/{command}?{urllib.parse.urlencode(query)}",
            json.dumps(members).encode(),
            headers or {},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            return json.load(reply)

    def metrics(self):
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=PATIENCE) as reply:
            return reply.read().decode()

    def lines(self, message):
        """What was logged under a message, oldest first."""
        # The last line may not be whole yet.
        text, _, _ = self.log.read_text().rpartition("\n")
        records = [json.loads(line) for line in text.splitlines()]
        return [record for record in records if record["message"] == message]
