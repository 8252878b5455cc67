#!/usr/bin/env python3
"""Shows the readers of proofs what a good run prints, and what one prints that has lost something."""
import os
import pathlib
import sys
import tempfile
import types
import unittest
import unittest.mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Soak")]

from closing import closing_line  # noqa: E402
import records  # noqa: E402
from playing import judge, play  # noqa: E402
from proofs import PROOFS, Proof, Row, Unreadable, sanitizer  # noqa: E402

CRASH = """seed 7

| fault | rounds | acknowledged | wrong | webhooks | missing |
|---|--:|--:|--:|--:|--:|
| killed | {rounds} | {acknowledged} | {wrong} | 700 | 0 |
| power cut | 3 | 234 | 0 | 60 | {missing} |
| first start | 9 | – | 0 | 0 | 0 |

| damage | copies | told at the start | told when met | last operations gone | wrong |
|---|--:|--:|--:|--:|--:|
| bits | {copies} | 30 | 8 | 0 | {served} |
| end of the log | {copies} | 0 | 0 | 9 | 0 |
"""
FAULTS = """| fault | acknowledged | lost | doubled | sessions complete | webhooks missing |
|---|--:|--:|--:|--:|--:|
| a node killed | {acknowledged} | {lost} | 0 | {complete} of 55 | 0 |
| another killed | 300 | 0 | 0 | 55 of 55 | 0 |
"""
TRIPS = """| round trip | rounds | acknowledged | moments | commands killed | rightly refused | wrong | seconds |
|---|--:|--:|--:|--:|--:|--:|--:|
| backup, restore | {rounds} | {acknowledged} | {moments} | 2 | {refused} | {wrong} | 20 |
"""
WHOLE = {"wrong": 0, "missing": 0, "served": 0, "rounds": 12, "acknowledged": 1000, "copies": 40, "lost": 0, "complete": 55,
         "moments": 90, "refused": 4}


def read(name, text):
    return next(proof for proof in PROOFS if proof.name == name).read(text)


def soak(webhooks=900, heap=0.3, **verdict):
    """The line as the soak makes it."""
    counts = {"receipts": 99, "missing": 0, "doubled": 0, "webhooks_missing": 0, **verdict}
    return closing_line(2.5, 1000, types.SimpleNamespace(**counts), webhooks, heap)


class ProofsTest(unittest.TestCase):
    def assert_lost(self, name, text, count):
        row = read(name, text)
        self.assertEqual((row.lost, row.none), (count, []), row)

    def assert_idle(self, name, text):
        """Nothing is lost where nothing was tried, and it does not hold."""
        row = read(name, text)
        self.assertEqual(row.lost, 0, row)
        self.assertFalse(row.held, row)
        self.assertIn("no ", row.verdict)

    def test_crash(self):
        row = read("crash", CRASH.format(**WHOLE))
        self.assertTrue(row.held)
        self.assertIn("3 ways to end, 24 times, 1,234 acknowledged", row.tried)
        self.assertIn("2 kinds of damage to 80 copies, of which 38 were told, and 9 whose", row.tried)
        for bad in ("wrong", "missing", "served"):
            self.assert_lost("crash", CRASH.format(**WHOLE | {bad: 2}), 2)
        for idle in ("rounds", "acknowledged", "copies"):
            self.assert_idle("crash", CRASH.format(**WHOLE | {idle: 0}))

    def test_what_could_not_be_judged_is_lost_and_was_not_tried(self):
        row = read("crash", CRASH.format(**WHOLE | {"wrong": "could not be judged"}))
        self.assertEqual(row.lost, 1)
        for name, text, row, lost, tried in (
                ("crash", CRASH, "| killed | 1 | could not be judged | | | |", 2, "234 acknowledged"),
                ("faults", FAULTS, "| a node killed | could not be judged | | | | |", 4, "300 acknowledged")):
            beginning = row[:10]
            lines = [row if line.startswith(beginning) else line for line in text.format(**WHOLE).splitlines()]
            found = read(name, "\n".join(lines))
            self.assertEqual(found.lost, lost, found)
            self.assertIn(tried, found.tried)

    def test_a_row_that_ends_too_early_is_lost(self):
        self.assertGreater(read("faults", FAULTS.format(**WHOLE) + "| one more |\n").lost, 0)

    def test_cluster(self):
        self.assert_lost("faults", FAULTS.format(**WHOLE), 0)
        self.assert_lost("faults", FAULTS.format(**WHOLE | {"lost": "1 + 2"}), 1)
        self.assertIn("of which 2 taken back", read("faults", FAULTS.format(**WHOLE | {"lost": "0 + 2"})).tried)
        self.assert_lost("faults", FAULTS.format(**WHOLE | {"complete": 53}), 2)
        self.assert_idle("faults", FAULTS.format(**WHOLE | {"acknowledged": 0}))

    def test_round_trips(self):
        self.assert_lost("round trips", TRIPS.format(**WHOLE), 0)
        self.assert_lost("round trips", TRIPS.format(**WHOLE | {"wrong": 3}), 3)
        for idle in ("rounds", "acknowledged", "moments", "refused"):
            self.assert_idle("round trips", TRIPS.format(**WHOLE | {idle: 0}))

    def test_closing_lines(self):
        self.assert_lost("fuzz", "…\nfuzz: 13 entries, 12345 runs, 0 findings\n", 0)
        self.assert_lost("fuzz", "fuzz: 13 entries, 12345 runs, 1 findings", 1)
        self.assert_lost("package", "package: 31 checks, 2 failed", 2)
        for name, text in (("fuzz", "fuzz: 13 entries, 0 runs, 0 findings"), ("package", "package: 0 checks, 0 failed"),
                           ("upgrade", "upgrade: 0 storages, 0 failed")):
            self.assert_idle(name, text)

    def test_soak(self):
        self.assert_lost("soak", soak(), 0)
        self.assert_lost("soak", soak(missing=1, doubled=4, webhooks_missing=2), 7)
        self.assertIn("2.5 minutes, 1,000 sessions, 99 receipts, 900 webhooks; heap +0.3 MB/h", read("soak", soak()).tried)
        self.assertIn("heap not judged", read("soak", soak(heap=None)).tried)
        self.assert_idle("soak", soak(receipts=0))
        self.assert_idle("soak", soak(webhooks=0))

    def test_sanitizers(self):
        runner = "✔ Test run with {tests} tests in 300 suites {verdict} after 500 seconds.\n"
        closing = "sanitize-thread: {tests} tests, {failed} failed, {reports} reports\n"

        def threads(tests=1700, verdict="passed", failed=0, reports=0):
            return read("threads", (runner + closing).format(tests=tests, verdict=verdict, failed=failed, reports=reports))
        self.assertEqual(threads().lost, 0)
        self.assertEqual(threads(reports=5).lost, 5)
        self.assertEqual(threads(verdict="failed", failed=3, reports=5).lost, 8)
        self.assertEqual(threads(verdict="failed").lost, 1)
        self.assertEqual(threads(tests=0).none, ["tests"])
        # A test may print such a line, too: the runner's own is the last.
        both = [runner.format(tests=1700, verdict=verdict) for verdict in ("failed", "passed")]
        end = closing.format(tests=1700, failed=0, reports=0)
        self.assertEqual([read("threads", "".join(order) + end).lost for order in (both, both[::-1])], [0, 1])
        for half in (runner.format(tests=1700, verdict="passed"), closing.format(tests=1700, failed=0, reports=0)):
            with self.assertRaises(Unreadable):
                read("threads", half)

    def test_test_runners(self):
        ends = "Ran 9 tests in 8.1s\n\nOK\n…\nRan 1 test in 2.0s\n\n{}\n"
        self.assertIn("10 tests", read("security", ends.format("OK")).tried)
        self.assert_lost("security", ends.format("OK"), 0)
        self.assert_lost("security", ends.format("FAILED (failures=2, errors=1)"), 3)
        self.assert_lost("security", ends.format("FAILED (unexpected successes=1)"), 1)
        self.assert_lost("security", ends.format("OK (skipped=1)"), 1)
        self.assert_idle("security", "Ran 0 tests in 0.0s\n\nOK\n")
        with self.assertRaises(Unreadable):
            read("security", ends.format("Killed"))

    def test_a_program_that_says_nothing(self):
        for proof in PROOFS:
            with self.assertRaises(Unreadable, msg=proof.name):
                proof.read("Segmentation fault\n")


class RecordsTest(unittest.TestCase):
    def test_the_last_run_of_each_counts(self):
        trips, soak, never = (Proof(name, ["make", name.replace(" ", "-")], None) for name in ("round trips", "soak", "never"))
        old = [records.line(proof, Row("9 copies", 2), 66, "2026-11-25", "aaaaaaa", "2 cores") for proof in (soak, trips)]
        new = records.line(trips, Row("10 copies", 0, ["refusals"]), 120, "2026-11-26", "bbbbbbb", "4 cores")
        self.assertEqual(new, "| round trips | 10 copies | 0; no refusals | 2.0 | 2026-11-26 | bbbbbbb | 4 cores "
                              "| `make round-trips` |\n")
        page, note = "# Evidence\n\n" + records.table(old), "\nA note.\n"
        for below in ("", note):
            self.assertEqual(records.renewed(page + below, {"round trips": new}, [trips, never, soak]),
                             records.table([new, old[0]]) + below)
        self.assertEqual(records.renewed("", {"round trips": new}, [trips, never, soak]), records.table([new]))
        with self.assertRaises(records.Strange):
            records.renewed(page.replace("machine", "place"), {"round trips": new}, [trips, never, soak])

    def test_the_page_can_be_renewed(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs/evidence.md").read_text()
        rows, _ = records.parts(page)
        self.assertTrue(rows)
        self.assertEqual(list(rows), [proof.name for proof in PROOFS if proof.name in rows])


class PlayTest(unittest.TestCase):
    def play(self, *command, read=lambda text: text):
        with tempfile.TemporaryDirectory() as directory:
            place = pathlib.Path(directory)
            return play(Proof("trial", list(command), read), place, place / "log")[0]

    def test_a_reader_that_fails_is_a_row_that_did_not_hold(self):
        def fail(text):
            raise ValueError(text)
        for reader in (fail, PROOFS[0].read):
            row = judge(Proof("trial", [], reader), "Segmentation fault\n")
            self.assertFalse(row.held)

    def test_a_status_is_a_loss(self):
        row = self.play("sh", "-c", "echo 'package: 31 checks, 0 failed'; exit 3", read=PROOFS[-1].read)
        self.assertEqual(row.lost, 1)
        self.assertIn("status 3", row.tried)

    def test_what_make_was_told_is_not_handed_down(self):
        """The real one: a make within a make, which hands its ARGS down."""
        said = []

        def read(text):
            said.append(text.strip())
            return PROOFS[-1].read("package: 1 checks, 0 failed")

        with tempfile.TemporaryDirectory() as directory:
            makefile = pathlib.Path(directory) / "Makefile"
            makefile.write_text("all:\n\t@echo \"<$(ARGS)> $(MAKELEVEL)\"\n")
            command = ["make", "--no-print-directory", "-f", str(makefile)]
            for handed in ({"MAKEFLAGS": " -- ARGS=--write", "MAKEOVERRIDES": "${-*-command-variables-*-}", "MAKELEVEL": "1"},
                           {"ARGS": "--write", "MFLAGS": "-k"}):
                with unittest.mock.patch.dict(os.environ, handed):
                    self.play(*command, read=read)
            with unittest.mock.patch.dict(os.environ, {"MAKEFLAGS": " -- ARGS=--write", "MAKELEVEL": "1"}), \
                    unittest.mock.patch("playing.surroundings", lambda: dict(os.environ)):
                self.play(*command, read=read)
        self.assertEqual(said, ["<> 0", "<> 0", "<--write> 1"], "the last shows that it would be")


if __name__ == "__main__":
    unittest.main()
