#!/usr/bin/env python3
"""deploy/cluster: what it prints works, and it leaves nothing behind, however it ends."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROSTRUM_BINARY", str(ROOT / ".build/debug/rostrum"))
PATIENCE = 60


def family(pid):
    """A process and all that came of it."""
    found = [pid]
    # One of them may end meanwhile.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def is_alive(pid):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.script = subprocess.Popen([ROOT / "deploy/cluster", "--rostrum", BINARY], stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.script.stdout.close)
        self.addCleanup(self.script.kill)
        self.lines = []
        for line in self.script.stdout:
            self.lines.append(line)
            if line.startswith("the cluster is ready"):
                break
        else:
            self.fail("".join(self.lines))
        self.directory = pathlib.Path(re.search(r"data, settings and logs +(\S+)", "".join(self.lines))[1])
        self.processes = family(self.script.pid)

    def assert_nothing_is_left(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and (any(map(is_alive, self.processes)) or self.directory.exists()):
            time.sleep(0.1)
        self.assertEqual([pid for pid in self.processes if is_alive(pid)], [])
        self.assertFalse(self.directory.exists())

    def test_what_it_prints_works_and_it_stops_what_it_started(self):
        self.assertGreater(len(self.processes), 9)
        for line in (line for line in self.lines if line.startswith("curl ")):
            answer = subprocess.run(["bash", "-c", line.replace("curl", "curl -sS", 1)], capture_output=True, text=True,
                                    check=True, timeout=PATIENCE)
            self.assertEqual(json.loads(answer.stdout)["ErrorCode"], 0, line)

        self.script.send_signal(signal.SIGTERM)

        self.assertEqual(self.script.wait(PATIENCE), 0, self.script.stdout.read())
        self.assert_nothing_is_left()

    def test_what_it_started_ends_when_it_is_killed(self):
        self.script.kill()
        self.script.wait(PATIENCE)

        self.assert_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
