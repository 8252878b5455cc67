"""Programs that the tests of the documentation start, `rostrum dev` above all."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ROSTRUM_BINARY", str(ROOT / ".build/debug/rostrum")))
PATIENCE = 60
APPLICATION = "88888888"
CHANNELS = "official_account_open_http_svc/"


class Program:
    """A process that says where it listens; what else it prints is kept."""

    def __init__(self, command, ready, directory=None, environment=None):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=directory, env={**os.environ, **(environment or {})}
        )
        self.lines, self.changed, self.url = [], threading.Condition(), None
        self.reading = threading.Thread(target=self.read, args=(ready,), daemon=True)
        self.reading.start()
        self.wait(lambda: self.url, f"{command} does not listen")

    def read(self, ready):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.strip())
                if found := re.search(ready, line):
                    self.url = found[1]
                self.changed.notify_all()

    def wait(self, condition, complaint):
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE):
                raise AssertionError(f"{complaint}: {self.lines}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.reading.join(PATIENCE)
        self.process.stdout.close()


class Emulator(Program):
    """`rostrum dev` on a free port, over a directory."""

    def __init__(self, directory, inside=None):
        self.directory = directory
        command = [BINARY, "dev", "--port", "0", "--data-dir", directory, "--log-level", "error"]
        super().__init__(command, r"rostrum is ready on (http://.*)", inside)
        self.usersig = self.rostrum("usersig", "--app", APPLICATION, "--user", "administrator")

    @classmethod
    def for_test(cls, test):
        """One whose data goes with the test."""
        directory = tempfile.TemporaryDirectory()
        test.addCleanup(directory.cleanup)
        emulator = cls(directory.name)
        test.addCleanup(emulator.end)
        return emulator

    def rostrum(self, *words, data=False):
        given = [*words, "--data-dir", self.directory] if data else words
        return subprocess.run([BINARY, *given], capture_output=True, text=True, check=True).stdout.strip()

    def call(self, command, **members):
        query = {"sdkappid": APPLICATION, "identifier": "administrator", "usersig": self.usersig, "random": 1}
        address = f"{self.url}/v4/{command}?{urllib.parse.urlencode({**query, 'contenttype': 'json'})}"
        with urllib.request.urlopen(address, json.dumps(members).encode(), timeout=PATIENCE) as reply:
            return json.load(reply)
