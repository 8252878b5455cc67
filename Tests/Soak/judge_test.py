#!/usr/bin/env python3
"""That the judge of the soak sees what is wrong: each kind of loss and growth alone, and none where there is none."""
import asyncio
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import types
import unittest
import unittest.mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Wire"), str(HERE.parent / "Crash"), str(HERE.parents[1] / "deploy")]

import figures  # noqa: E402
import growth  # noqa: E402
import sampling  # noqa: E402
from book import Book  # noqa: E402
from closing import closing_line  # noqa: E402
from everything import Everything  # noqa: E402
from heap import Heap  # noqa: E402
from hooks import EVENTS, Unsteady, told  # noqa: E402
from judge import Verdict, judge_cuts, judge_receipts, judge_work, match_changes  # noqa: E402
from loopback.programs import Failed, wait_until  # noqa: E402
from plan import OWN, PLAIN, REST, SLOW, Channel, Member, Plan  # noqa: E402
from record import Change, Post, Record, content  # noqa: E402
from rest import Application  # noqa: E402
from telling import judge_webhooks  # noqa: E402

NEWS = "@TOA#_soak_000"
TEXTS = ["", "one", "two", "three", "four", "five", "six"]


def post(seq, is_online_only=False):
    key = f"{seq}_1_7"
    return Post(seq, key, 7, content(key, "", TEXTS[seq]), is_online_only, sent=seq * 100, acknowledged=seq * 100 + 50)


class Case(unittest.TestCase):
    """A channel: posts 1 to 3, the recall of 2, an edit, the online-only post 4, posts 5 and 6."""

    def setUp(self):
        users = [Member(0, "anna", PLAIN, "Web"), Member(1, "ben", OWN, "Web"), Member(2, "eve", REST, "Web")]
        self.plan = types.SimpleNamespace(channels=[Channel(0, "small", ["anna"])], members=users)
        self.record = Record(self.plan)
        of = self.of = self.record.channels[0]
        of.posts = {seq: post(seq, seq == 4) for seq in range(1, 7)}
        of.recalls, of.edits = ["2_1_7"], ["new"]
        of.changes = [Change("eve", True, 110, 140), Change("eve", False, 460, 490)]
        events = {1: 1, 2: 2, 3: 3, 4: 6, 5: 7, 6: 8}
        self.posts = [["P", 0, seq, event, int(seq == 4), of.posts[seq].content, 1, 0] for seq, event in events.items()]
        self.events = [["E", 0, 4, 2, 2], ["E", 0, 5, 3, 0]]
        # Who, channel, from, to, live posts, late ones, recalls, edits, held, when it was asked for, began, ended.
        self.anna = ["T", 0, 0, 0, 0, 6, 8, 2, 0, 0, 0, 0, 0, 10, 0, 0]
        self.ben = ["T", 1, 0, 2, 2, 5, 7, 3, 0, 1, 1, 0, 255, 260, 560, 570]
        self.eve = ["T", 2, 0, 1, 1, 4, 6, 3, 0, 1, 1, 0, 0, 130, 0, 480]
        # Anna was away from 1 to 5: what was recalled meanwhile and what was for those who are there is left out.
        self.resume = ["R", 0, 1, 5, 1, 7, 2, 0, 1, 1, 0]
        self.gaps = []

    def book(self):
        lines = [*self.posts, *self.events, self.anna, self.ben, self.eve, self.resume, *self.gaps]
        return Book([" ".join(map(str, line)) for line in lines])


class ReceiptsTest(Case):
    def verdict(self):
        book, verdict = self.book(), Verdict()
        match_changes(book, self.record, self.plan, verdict)
        judge_receipts(book, self.record, self.plan, verdict)
        return verdict

    def assert_wrong(self, missing=0, doubled=0):
        verdict = self.verdict()
        self.assertTrue(verdict.problems)
        self.assertEqual((verdict.missing, verdict.doubled), (missing, doubled), verdict.problems)

    def test_what_is_whole_passes_and_is_counted(self):
        verdict = self.verdict()
        self.assertEqual((verdict.problems, verdict.receipts), ([], 2 + 2 + 3 + 3))

    def test_a_post_that_did_not_come_live_or_came_twice(self):
        self.anna[7] = 1
        self.assert_wrong(missing=1)
        self.anna[7] = 3
        self.assert_wrong(doubled=1)

    def test_a_recall_and_an_edit_that_were_not_told(self):
        for place in (9, 10):
            self.setUp()
            self.ben[place] = 0
            self.assert_wrong(missing=1)

    def test_a_post_that_resume_left_out_or_brought_though_it_was_recalled(self):
        self.resume[6] = 1
        self.assert_wrong(missing=1)
        self.resume[6] = 3
        self.assert_wrong(doubled=1)

    def test_an_answer_that_is_cut_may_leave_out_what_is_recalled_after_its_position(self):
        # Of two answers the first goes up to 3, before the recall, and knows of it already, or not yet.
        second = ["R", 0, 3, 5, 3, 7, 1, 0, 1, 1, 0]
        for messages, has_more, holds in ((1, 1, True), (2, 1, True), (0, 1, False), (1, 0, False), (2, 0, True)):
            self.resume = ["R", 0, 1, 3, 1, 3, messages, 0, 0, 0, has_more]
            self.gaps = [second]
            self.assertEqual(not self.verdict().problems, holds, (messages, has_more))

    def test_recalls_and_edits_that_resume_left_out(self):
        for place in (8, 9):
            self.setUp()
            self.resume[place] = 0
            self.assert_wrong(missing=1)

    def test_what_a_slow_reader_was_told_to_reload_is_not_owed_and_not_received(self):
        self.resume, self.plan.members[0].kind = ["L", 0, 1, 5, 1, 7], SLOW
        with unittest.mock.patch("judge.MOST_TO_RELOAD", 4 / 6):
            verdict = self.verdict()
            self.assertEqual((verdict.problems, verdict.receipts, verdict.reloads, verdict.to_reload), ([], 2 + 3 + 3, 1, 4))
            self.anna[7] = 1
            self.assert_wrong(missing=1)

    def test_too_much_that_is_to_be_reloaded(self):
        self.resume, self.plan.members[0].kind = ["L", 0, 1, 5, 1, 7], SLOW
        with unittest.mock.patch("judge.MOST_TO_RELOAD", 3 / 6):
            self.assert_wrong()

    def test_slow_readers_that_are_cut_off_when_their_key_is_taken_away(self):
        members = [types.SimpleNamespace(kind=SLOW)] * 60 + [types.SimpleNamespace(kind=PLAIN)] * 60
        for cut, is_right in ((0, True), (3, True), (4, False)):
            verdict = Verdict()
            judge_cuts(cut, types.SimpleNamespace(members=members), verdict)
            self.assertEqual(not verdict.problems, is_right, cut)

    def test_a_reader_that_has_to_reload_though_it_is_not_slow(self):
        # Ben is owed three.
        self.resume, self.plan.members[1].kind = ["L", 0, 1, 5, 1, 7], SLOW
        with unittest.mock.patch("judge.MOST_TO_RELOAD", 4 / 3):
            self.assertEqual(self.verdict().problems, ["session 0 was told to reload, though it reads at once"])

    def test_a_session_that_is_not_at_the_head_in_the_end(self):
        self.anna[5:8] = [5, 7, 1]
        self.assert_wrong(missing=1)

    def test_what_nobody_was_told_of(self):
        self.of.posts[7] = Post(7, "7_1_7", 7, 0, False, 700, 750)
        self.assert_wrong(missing=1)

    def test_a_number_that_is_left_out_or_that_nobody_posted(self):
        del self.of.posts[3]
        self.assertTrue(self.verdict().problems)

    def test_another_content(self):
        self.posts[0][5] += 1
        self.assert_wrong()

    def test_a_gap_between_live_posts(self):
        self.gaps = [["G", 1, 3, 4, 5, 6]]
        self.assert_wrong()

    def test_a_subscription_that_ends_before_what_was_acknowledged_by_then(self):
        for tenure in (self.ben, self.eve):
            self.setUp()
            tenure[14] = 660
            self.of.changes[1] = Change("eve", False, 660, 690)
            self.assertTrue(self.verdict().missing)

    def test_a_subscription_that_begins_too_early_or_too_late(self):
        self.ben[3:6] = [1, 1, 5]
        self.ben[7] = 4
        self.assert_wrong(doubled=1)
        self.setUp()
        self.ben[3:5], self.ben[7] = [3, 3], 2
        self.assertTrue(self.verdict().problems)

    def test_a_change_that_was_not_told(self):
        self.of.changes.append(Change("eve", True, 700, 710))
        self.assertTrue(self.verdict().problems)

    def test_a_recall_that_nobody_was_told_of(self):
        self.of.recalls.append("1_1_7")
        self.assertTrue(self.verdict().problems)


class WebhooksTest(Case):
    def setUp(self):
        super().setUp()

        def event(kind, **members):
            return told({"CallbackCommand": kind, "Official_Account": NEWS, "EventTime": 7} | members)

        def subscribers(kind, operator, *users):
            return event(kind, Operator_Account=operator,
                         SubscribeAccountList=[{"Subscriber_Account": user} for user in users])

        self.plan.channels[0].subscribers.append("carl")
        self.deliveries = [
            event(EVENTS[0], Operator_Account="administrator", Owner_Account="owner", Name="Soak 0"),
            subscribers(EVENTS[2], "administrator", "anna", "carl"), subscribers(EVENTS[2], "administrator", "eve"),
            subscribers(EVENTS[2], "ben", "ben"), subscribers(EVENTS[3], "administrator", "eve"),
            subscribers(EVENTS[3], "ben", "ben"), event(EVENTS[5], WithdrawMsgList=[{"MsgKey": "2_1_7"}]),
            event(EVENTS[1], Operator_Account="administrator", Introduction="new"),
            *(event(EVENTS[4], MsgKey=one.key, MsgTime=7, OnlineOnlyFlag=int(one.is_online_only), CloudCustomData="",
                    MsgBody=[{"MsgType": "TIMTextElem", "MsgContent": {"Text": TEXTS[seq]}}])
              for seq, one in self.of.posts.items())]

    def judged(self):
        verdict = Verdict()
        judge_webhooks(self.deliveries, self.record, self.book(), self.plan, verdict)
        return verdict

    def test_all_webhooks(self):
        self.assertEqual(self.judged().problems, [])

    def test_each_that_is_missing(self):
        for place in range(len(self.deliveries)):
            self.setUp()
            gone = self.deliveries.pop(place)
            self.assertEqual(self.judged().webhooks_missing, 2 if gone.get("SubscribeAccountList", [])[1:] else 1, gone)

    def test_each_that_comes_once_too_often_under_another_id(self):
        for place in range(len(self.deliveries)):
            self.setUp()
            self.deliveries.append(self.deliveries[place])
            self.assertTrue(self.judged().problems)

    def test_what_is_told_of_nothing(self):
        for name in ("@TOA#_nobody's", "", None):
            self.setUp()
            self.deliveries.append(self.deliveries[-1] | {"Official_Account": name})
            self.assertEqual(len(self.judged().problems), 1, name)

    def test_posts_out_of_order(self):
        self.deliveries[-2:] = reversed(self.deliveries[-2:])
        self.assertTrue(self.judged().problems)

    def test_another_content_or_member(self):
        for change in ({"MsgTime": 8}, {"OnlineOnlyFlag": 1}, {"MsgBody": (1, "")}):
            self.setUp()
            self.deliveries[-1] = self.deliveries[-1] | change
            self.assertTrue(self.judged().problems, change)
        self.setUp()
        self.deliveries[0] = self.deliveries[0] | {"More": 1}
        self.assertTrue(self.judged().problems)


class GrowthTest(unittest.TestCase):
    """Twenty minutes, a sample a second."""

    @staticmethod
    def samples(memory, others=lambda second: 40, seconds=1200, heap=lambda second: 60, pages=lambda second: 5):
        noise = random.Random(7)
        return [{"second": float(second), "resident_mb": memory(second) + noise.uniform(-1.5, 1.5), "sessions": 5000,
                 "heap_mb": heap(second) + noise.uniform(-1, 1), "pages_mb": pages(second),
                 "descriptors": 5000 + others(second) + noise.randrange(6)} for second in range(seconds)]

    def judged(self, *shapes, **more):
        verdict = Verdict()
        grown = growth.judge_growth(self.samples(*shapes, **more), verdict)
        self.assertTrue(grown.is_judged)
        return grown, verdict.problems

    def test_a_noisy_flat_series_passes(self):
        grown, problems = self.judged(lambda second: 110)
        self.assertEqual(problems, [])
        self.assertLess(max(abs(grown.resident), abs(grown.heap)), 3)

    def test_a_leak_fails(self):
        for mb_an_hour in (60, 100):
            grown, problems = self.judged(lambda second: 110 + mb_an_hour * second / 3600)
            self.assertAlmostEqual(grown.resident, mb_an_hour, delta=3)
            self.assertEqual(len(problems), 1)

    def test_a_heap_that_grows_fails_where_resident_memory_may(self):
        # The longer the run, the less is forgiven.
        for minutes, mb_an_hour, holds in ((20, 8, True), (20, 18, False), (60, 2, True), (60, 6, False), (180, 4, False)):
            grown, problems = self.judged(lambda second: 110, seconds=minutes * 60,
                                          heap=lambda second, rate=mb_an_hour: 60 + rate * second / 3600)
            self.assertAlmostEqual(grown.heap, mb_an_hour, delta=1)
            self.assertEqual(not problems, holds, (minutes, mb_an_hour))

    def test_pages_of_sqlite_may_grow_up_to_what_its_connections_may_keep(self):
        # The server's own numbers, and they have to stay so.
        source = (pathlib.Path(__file__).parents[2] / "Sources/DatabaseSQLite/SQLiteDatabase.swift").read_text()
        for words in (f"writerCacheKibibytes = {growth.WRITERS_PAGES_MB * 1024}\n",
                      f"readers = max(1, min({growth.MOST_READERS}, ProcessInfo"):
            self.assertIn(words, source)
        most = growth.most_pages()
        for last, holds in ((most - 0.1, True), (most + 0.1, False)):
            problems = self.judged(lambda second: 110, pages=lambda second, last=last: last * second / 1199)[1]
            self.assertEqual(not problems, holds, last)

    def test_growing_in_the_warm_up_passes(self):
        self.assertEqual(self.judged(lambda second: min(110, 60 + second / 6))[1], [])

    def test_a_short_run_may_warm_up_and_no_more(self):
        for mb_a_minute, holds in ((7, True), (30, False)):
            verdict = Verdict()
            samples = self.samples(lambda second: 60 + mb_a_minute * second / 60, seconds=150)
            self.assertFalse(growth.judge_growth(samples, verdict).is_judged)
            self.assertEqual(not verdict.problems, holds)

    def test_a_run_without_samples_is_not_judged(self):
        self.assertEqual(growth.judge_growth([], Verdict()), growth.Growth(0, 0, False))

    def test_a_peak_passes(self):
        self.assertEqual(self.judged(lambda second: 110 + (60 if 900 < second < 960 else 0))[1], [])

    def test_descriptors_that_grow_fail(self):
        self.assertEqual(len(self.judged(lambda second: 110, lambda second: 40 + second // 20)[1]), 1)

    def test_a_line_of_the_log_that_is_an_error_fails(self):
        for line, holds in (("2026-11-26T10:00:00.000Z info  call code=10002 text=error", True),
                            ("rostrum is ready on http://127.0.0.1:1", True),
                            ("2026-11-26T10:00:00.000Z error cannot sweep", False),
                            ("2026-11-26T10:00:00.000Z critical no room", False)):
            verdict = Verdict()
            growth.judge_log([line], verdict)
            self.assertEqual(not verdict.problems, holds, line)


class HeapTest(unittest.TestCase):
    """What is in use, by the words of a program that keeps 20 MB for a while, itself or in SQLite."""

    PROGRAM = """
import os, sys
# As in a program that was linked with it.
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import sqlite3
database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE kept (bytes)")
print(flush=True)
for line in sys.stdin:
    kept = [bytes(1000) for _ in range(20_000)] if line == "keep\\n" else []
    if line == "insert\\n":
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                         "INSERT INTO kept SELECT zeroblob(1000) FROM n")
    print(flush=True)
"""

    WAYS = """
import ctypes, json
libc = ctypes.CDLL(None)
SIZE, COUNT, HUGE = 100_000, 50, 1 << 62
used = libc.rostrum_heap_used
used.restype = ctypes.c_long
def function(name):
    found = libc[name]
    found.restype = ctypes.c_void_p
    return lambda *numbers: found(*map(ctypes.c_size_t, numbers))
malloc, calloc, realloc, memalign, aligned_alloc, valloc, pvalloc, reallocarray, free = map(function, (
    "malloc", "calloc", "realloc", "memalign", "aligned_alloc", "valloc", "pvalloc", "reallocarray", "free"))
def posix_memalign(alignment, size):
    block = ctypes.c_void_p()
    assert libc.posix_memalign(ctypes.byref(block), ctypes.c_size_t(alignment), ctypes.c_size_t(size)) == 0
    return block.value
def kept_after_a_failure():
    block = malloc(SIZE)
    assert realloc(block, HUGE) is None and reallocarray(block, HUGE, 8) is None
    return block
def without_any():
    assert [malloc(HUGE), calloc(HUGE, 8), realloc(0, HUGE), memalign(64, HUGE), pvalloc((1 << 64) - 1)] == [None] * 5
    assert libc.posix_memalign(ctypes.byref(ctypes.c_void_p()), ctypes.c_size_t(64), ctypes.c_size_t(HUGE))
    realloc(malloc(SIZE), 0)
WAYS = {
    "malloc": lambda: malloc(SIZE), "calloc": lambda: calloc(10, SIZE // 10), "realloc": lambda: realloc(0, SIZE),
    "grown": lambda: realloc(malloc(SIZE // 10), SIZE), "shrunk": lambda: realloc(malloc(SIZE * 3), SIZE),
    "memalign": lambda: memalign(4096, SIZE), "aligned_alloc": lambda: aligned_alloc(64, SIZE),
    "posix_memalign": lambda: posix_memalign(64, SIZE), "valloc": lambda: valloc(SIZE), "pvalloc": lambda: pvalloc(SIZE),
    "reallocarray": lambda: reallocarray(0, 10, SIZE // 10), "kept": kept_after_a_failure, "none": without_any,
}
found = {}
for name, take in WAYS.items():
    before = used()
    blocks = [take() for _ in range(COUNT)]
    taken = used()
    for block in blocks: free(block or 0)
    found[name] = (taken - before, used() - before)
print(json.dumps(found))
"""

    def look(self, heap, program):
        """What is in use after the program's answer."""
        program.stdout.readline()
        answered = time.monotonic()
        wait_until(lambda: heap.file.exists() and int(heap.file.read_text().split()[-1]) > answered, "it is written down anew")
        return heap.used()

    def start(self, heap, *words):
        return subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env=os.environ | heap.environment)

    def test_what_is_kept_counts_and_what_was_given_back_does_not(self):
        with tempfile.TemporaryDirectory() as place:
            heap = Heap(pathlib.Path(place))
            with self.start(heap, "-c", self.PROGRAM) as program:
                before, pages_before = self.look(heap, program)
                for word, more, pages_more in (("keep", 20e6, 0), ("forget", 0, 0), ("insert", 20e6, 20e6)):
                    print(word, file=program.stdin, flush=True)
                    used, pages = self.look(heap, program)
                    self.assertAlmostEqual(used - before, more, delta=3e6)
                    self.assertAlmostEqual(pages - pages_before, pages_more, delta=3e6)
            heap.MOST_AGE = 0.5
            time.sleep(2)
            with self.assertRaisesRegex(Failed, "not since"):
                heap.used()

    def test_every_way_to_a_block_and_back_counts(self):
        with tempfile.TemporaryDirectory() as place:
            heap = Heap(pathlib.Path(place))
            words = subprocess.run([sys.executable, "-c", self.WAYS], env=os.environ | heap.environment, check=True,
                                   stdout=subprocess.PIPE).stdout
        found = json.loads(words)
        self.assertEqual(len(found), 13)
        for way, (taken, left) in found.items():
            self.assertAlmostEqual(taken, 0 if way == "none" else 5e6, delta=0.4e6, msg=way)
            self.assertAlmostEqual(left, 0, delta=0.1e6, msg=way)

    def test_a_program_without_sqlite_is_none_that_can_be_judged(self):
        with tempfile.TemporaryDirectory() as place:
            heap = Heap(pathlib.Path(place))
            words = "import sys; print(flush=True); sys.stdin.read()"
            with self.start(heap, "-c", words) as program, self.assertRaisesRegex(Failed, "no SQLite"):
                self.look(heap, program)


class EverythingTest(unittest.TestCase):
    """What backends beside the steady load have done."""

    def setUp(self):
        self.everything = Everything(5, Application(1, "key"), "127.0.0.1", 9)
        self.channel = min(self.everything.channels)
        self.backend = self.everything.backends[0]
        self.backend.acknowledged = 60
        self.backend.webhooks = [(self.channel, "CreateOfficialAccount", "News"), (self.channel, "OfficialAccountFull", None)]
        receiver = Unsteady(1, 5)
        receiver.others = self.everything.channels
        for number, body in enumerate(({"CallbackCommand": EVENTS[0], "Official_Account": NEWS},
                                       {"CallbackCommand": EVENTS[0], "Official_Account": self.channel, "Name": "News"},
                                       {"CallbackCommand": EVENTS[6], "Official_Account": self.channel})):
            receiver.take(str(number), body)
        self.deliveries = receiver.of_others()

    def judged(self, seconds=60):
        verdict = Verdict()
        self.everything.judge(seconds, self.deliveries, verdict)
        return verdict

    def test_all_that_was_done_and_told_holds(self):
        self.assertEqual(self.judged(), Verdict())

    def test_a_webhook_that_is_missing_too_many_or_in_another_order_fails(self):
        whole = self.deliveries
        for some, missing in ((whole[:1], 1), (whole + whole[:1], 0), (whole[::-1], 0)):
            self.deliveries = some
            verdict = self.judged()
            self.assertEqual((verdict.webhooks_missing, len(verdict.problems)), (missing, 1))

    def test_a_backend_that_came_to_a_bad_end_is_a_problem_of_the_verdict(self):
        """Nobody listens where they call."""
        async def play():
            task = asyncio.get_running_loop().create_future()
            task.set_exception(KeyError("MsgKey"))
            self.everything.running = [task, asyncio.create_task(self.everything.backends[1].run())]
            self.everything.gate.is_open.set()
            await asyncio.sleep(0.1)
            await self.everything.finish()
        asyncio.run(play())
        first, second = self.judged().problems
        self.assertIn("KeyError", first)
        self.assertIn("create_official_account", second)
        self.assertIn("Lost", second)

    def test_what_a_backend_has_seen_fails_and_so_do_backends_that_do_little(self):
        self.backend.problems.append("another answer")
        self.assertEqual(self.judged().problems, ["another answer"])
        self.assertEqual(len(self.judged(seconds=61).problems), 2)


class WorkTest(Case):
    def test_nine_of_ten_promised_posts_are_enough_and_fewer_are_not(self):
        for promised, holds in ((5, True), (6, True), (6.6, True), (6.8, False), (4050, False)):
            verdict = Verdict()
            judge_work(self.record, promised, verdict)
            self.assertEqual(not verdict.problems, holds, promised)


class ClosingTest(unittest.TestCase):
    def test_the_heap_stands_there_only_when_it_was_judged(self):
        for heap, words in ((0.34, "heap +0.3 MB/h"), (-2, "heap -2.0 MB/h"), (None, "heap not judged")):
            line = closing_line(20, 5000, Verdict(receipts=8, missing=1, doubled=2, webhooks_missing=3), 32000, heap)
            self.assertEqual(line, "soak: 20 min, 5000 sessions, 8 receipts, 1 missing, 2 doubled, 32000 webhooks, 3 lost, "
                             + words)


class PlanTest(unittest.TestCase):
    def test_the_plan_follows_from_the_seed_and_has_every_kind(self):
        plan, again = Plan(1000, 5), Plan(1000, 5)
        self.assertEqual([channel.subscribers for channel in plan.channels],
                         [channel.subscribers for channel in again.channels])
        self.assertEqual([len(plan.of_kind(kind)) for kind in "srlp"], [150, 100, 30, 720])
        self.assertEqual(len(plan.users), 960)
        self.assertGreater(len(plan.channels[0].subscribers), 300)


class FiguresTest(unittest.TestCase):
    def test_a_step_divides_a_span_well(self):
        self.assertEqual([figures.nice_step(span) for span in (1, 7, 20, 130, 0.03)], [0.2, 2, 5, 50, 0.01])

    def test_a_line_goes_through_its_points(self):
        text = figures.figure("Memory & more", "MB", [("resident", [(0, 0), (60, 100)])])
        self.assertIn('points="64.0,220.0 704.0,44.0"', text)
        self.assertIn("Memory &amp; more", text)

    def test_it_has_no_styles_which_the_policy_of_served_pages_forbids(self):
        text = figures.figure("Memory", "MB", [("resident", [(0, 0), (60, 100)])])
        self.assertNotRegex(text, r"<style|\s(style|class)=")

    def test_percentiles(self):
        self.assertEqual([sampling.percentile(list(range(100)), share) for share in (0.5, 0.99)], [50, 99])
        self.assertEqual(sampling.percentile([], 0.5), 0)


if __name__ == "__main__":
    unittest.main()
