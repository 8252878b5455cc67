#!/usr/bin/env python3
"""Shows the readers of proofs what a good run prints, and what one prints that has lost something."""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from proofs import PROOFS, Unreadable, sanitizer  # noqa: E402

CRASH = """seed 7

| fault | rounds | acknowledged | wrong | webhooks | missing |
|---|--:|--:|--:|--:|--:|
| killed | 12 | 1000 | {wrong} | 700 | 0 |
| power cut | 3 | 234 | 0 | 60 | {missing} |

| damage | copies | told at the start | wrong |
|---|--:|--:|--:|
| bits | 40 | 40 | {served} |
"""
FAULTS = """| fault | acknowledged | lost | doubled | sessions complete | webhooks missing |
|---|--:|--:|--:|--:|--:|
| a node killed | 900 | {lost} | 0 | {complete} of 55 | 0 |
"""


def read(name, text):
    return next(proof for proof in PROOFS if proof.name == name).read(text)


class ProofsTest(unittest.TestCase):
    def test_crash(self):
        row = read("crash", CRASH.format(wrong=0, missing=0, served=0))
        self.assertEqual(row.lost, 0)
        self.assertIn("2 ways to end, 15 times, 1,234 acknowledged", row.tried)
        self.assertIn("40 copies", row.tried)
        for bad in ({"wrong": 2}, {"missing": 2}, {"served": 2}):
            self.assertEqual(read("crash", CRASH.format(**{"wrong": 0, "missing": 0, "served": 0, **bad})).lost, 2)

    def test_what_could_not_be_judged_is_lost(self):
        self.assertGreater(read("crash", CRASH.format(wrong="could not be judged", missing=0, served=0)).lost, 0)

    def test_cluster(self):
        self.assertEqual(read("faults", FAULTS.format(lost=0, complete=55)).lost, 0)
        self.assertEqual(read("faults", FAULTS.format(lost="1 + 2", complete=55)).lost, 3)
        self.assertEqual(read("faults", FAULTS.format(lost=0, complete=53)).lost, 2)

    def test_closing_lines(self):
        self.assertEqual(read("fuzz", "…\nfuzz: 13 entries, 12345 runs, 0 findings\n").lost, 0)
        self.assertEqual(read("fuzz", "fuzz: 13 entries, 12345 runs, 1 findings").lost, 1)
        soak = "soak: 3 min, 1000 sessions, 99 receipts, {} missing, {} doubled, memory +0.3 MB/h"
        self.assertEqual(read("soak", soak.format(0, 0)).lost, 0)
        self.assertEqual(read("soak", soak.format(1, 4)).lost, 5)
        self.assertEqual(read("package", "package: 31 checks, 2 failed").lost, 2)

    def test_sanitizers(self):
        threads = sanitizer("ThreadSanitizer")
        end = "✔ Test run with 1700 tests in 300 suites passed after 500 seconds.\n"
        self.assertEqual(threads(end).lost, 0)
        self.assertEqual(threads("WARNING: ThreadSanitizer: data race (pid=1)\n" + end).lost, 1)
        self.assertEqual(threads(end.replace("passed", "failed")).lost, 1)

    def test_a_program_that_says_nothing(self):
        for proof in PROOFS:
            with self.assertRaises(Unreadable, msg=proof.name):
                proof.read("Segmentation fault\n")


if __name__ == "__main__":
    unittest.main()
