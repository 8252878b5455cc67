#!/usr/bin/env python3
"""That the crash tests see what is wrong: each kind of damage alone, and none where there is none."""
import asyncio
import copy
import pathlib
import random
import sys
import tempfile
import types
import unittest
import unittest.mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Wire"), str(HERE.parents[1] / "deploy")]

import damage  # noqa: E402
import disk  # noqa: E402
import faults  # noqa: E402
import installation  # noqa: E402
import oracle  # noqa: E402
import scene  # noqa: E402
import backend as backend_module  # noqa: E402
from backend import Backend, Gate, Moment, agrees, parked  # noqa: E402
from operations import WRITES, Chooser  # noqa: E402
from reading import Refused, must, read  # noqa: E402
from rest import Application, Faulty, Lost  # noqa: E402
from talk import INTERNAL, code_of  # noqa: E402
from verdict import as_far_as, differences, judge_webhooks  # noqa: E402

NEWS = "@TOA#_news"


def territory():
    """A channel with three posts, one of them recalled, and two subscribers."""
    made = oracle.Territory()
    oracle.import_accounts(made, ["anna", "ben"])
    oracle.create(made, NEWS, "owner", {"Name": "News"}, 100)
    oracle.add(made, NEWS, ["ben", "anna"])
    for number, text in enumerate(("one", "two", "three"), 1):
        oracle.send(made, NEWS, text, True)
        made.channels[NEWS].posts[-1].key = f"{number}_1_7"
    oracle.recall(made, NEWS, [2])
    oracle.mark_read(made, NEWS, "anna", 1)
    made.channels[NEWS].epoch = "e"
    return made


class Judged(Backend):
    """A backend that has its territory and what is under way, and no server."""

    def __init__(self, made, operation=None):
        super().__init__("seed", 0, type("", (), {"query": lambda self, user: ""})(), "", 0, None)
        self.territory = made
        if operation:
            after = made.copy()
            self.pending, self.is_doubtful = (type("", (), {"name": "", "key": None})(), after, operation(after)), True

    def problems_with(self, seen):
        self.compare(copy.deepcopy(seen))
        return self.problems


class ViewTest(unittest.TestCase):
    def setUp(self):
        self.territory = territory()
        self.seen = self.territory.view()
        self.channel = self.seen["channels"][NEWS]

    def assert_seen(self, text):
        problems = Judged(self.territory).problems_with(self.seen)
        self.assertEqual(len(problems), 1)
        self.assertIn(text, problems[0])

    def test_what_is_whole_passes(self):
        self.assertEqual(Judged(self.territory).problems_with(self.seen), [])

    def test_what_the_oracle_holds(self):
        self.assertEqual(self.channel["posts"], [(1, "1_1_7", "one"), (2, "2_1_7", None), (3, "3_1_7", "three")])
        self.assertEqual(self.channel["subscribers"], [("anna", "", "AcceptAndNotify"), ("ben", "", "AcceptAndNotify")])
        self.assertEqual((self.channel["head"], self.channel["events"], self.channel["unread"]),
                         (3, 4, {"anna": 1, "ben": 2}))
        self.assertEqual(self.channel["receipt"], (3, 0))
        self.assertEqual(self.channel["histories"]["anna"], self.channel["posts"])
        self.assertEqual(self.channel["resumed"]["ben"],
                         {"posts": [(1, "1_1_7", "one"), (3, "3_1_7", "three")], "recalled": [2], "edited": False,
                          "position": (3, 4)})

    def test_who_comes_later_has_what_was_sent_since(self):
        oracle.import_accounts(self.territory, ["eve"])
        oracle.subscribe(self.territory, NEWS, "eve")
        oracle.send(self.territory, NEWS, "four", True)
        oracle.send(self.territory, NEWS, "for those who are there", False)
        channel = self.territory.channels[NEWS]
        for user, count in (("eve", 0), ("ben", 1), ("eve", 2)):
            # Of the newest that is stored; of what he came behind nobody is a reader.
            oracle.mark_read(self.territory, NEWS, user, 4 if count else 3)
            self.assertEqual(channel.receipt(), (4, count))
        seen = self.territory.view()["channels"][NEWS]
        self.assertEqual([seq for seq, _, _ in seen["histories"]["eve"]], [4])
        self.assertEqual([seq for seq, _, _ in seen["histories"]["ben"]], [1, 2, 3, 4])
        self.assertEqual(seen["resumed"]["eve"]["posts"], [(4, None, "four")])
        oracle.set_flag(self.territory, NEWS, "eve", "Discard")
        self.assertEqual(channel.missing(channel.subscribers["eve"]),
                         {"posts": [], "recalled": [], "edited": False, "position": (5, 6)})

    def test_what_a_subscriber_lacks_and_a_channel_that_is_not_listed(self):
        self.channel["histories"]["anna"].pop()
        self.assert_seen("histories: anna")
        for part, value in (("posts", []), ("recalled", []), ("position", (2, 3))):
            self.setUp()
            self.channel["resumed"]["ben"][part] = value
            self.assert_seen(f"resumed: ben: {part}")
        self.setUp()
        self.channel["receipt"] = 3, 1
        self.assert_seen("receipt")
        self.setUp()
        self.seen["listed"] = []
        self.assert_seen("listed")

    def test_a_lost_post(self):
        self.channel["posts"].pop()
        self.assert_seen("without [(3, '3_1_7', 'three')]")

    def test_a_post_under_another_key_or_twice_or_that_nobody_sent(self):
        for change in (lambda posts: posts.__setitem__(2, (3, "3_1_8", "three")), lambda posts: posts.append(posts[2]),
                       lambda posts: posts.append((4, "4_1_7", "four"))):
            self.setUp()
            change(self.channel["posts"])
            self.assert_seen("posts")

    def test_a_recall_that_was_undone(self):
        self.channel["posts"][1] = (2, "2_1_7", "two")
        self.assert_seen("(2, '2_1_7', 'two')")

    def test_a_number_that_went_back_or_an_epoch_that_is_another(self):
        for name, value in (("head", 2), ("events", 3), ("epoch", "f")):
            self.setUp()
            self.channel[name] = value
            self.assert_seen(f"{name}: ")

    def test_a_subscriber_who_is_gone_or_is_not_counted_or_has_read_less(self):
        self.channel["subscribers"].pop()
        self.assert_seen("'ben'")
        self.setUp()
        self.channel["count"] = 1
        self.assert_seen("count: 1 instead of 2")
        self.setUp()
        self.channel["unread"]["anna"] = 2
        self.assert_seen("unread: anna: 2 instead of 1")

    def test_a_channel_or_an_account_that_is_gone_or_back(self):
        for part, name, value in (("channels", NEWS, None), ("accounts", "anna", None), ("accounts", "eve", False),
                                  ("channels", "@TOA#_other", {})):
            self.setUp()
            self.seen[part].pop(name, None)
            if value is not None:
                self.seen[part][name] = value
            self.assert_seen(name)

    def test_a_kick_that_was_forgotten(self):
        oracle.kick(self.territory, "anna")
        self.assert_seen("anna: False instead of True")

    def test_a_channel_that_was_made_anew_and_has_its_old_epoch(self):
        self.territory.epochs[NEWS] = ["e"]
        self.territory.channels[NEWS].epoch = None
        self.assert_seen("which an earlier channel had")


class UnderWayTest(unittest.TestCase):
    def test_wholly_done_and_not_at_all_pass_and_are_told_apart(self):
        for operation in (lambda at: oracle.send(at, NEWS, "four", True), lambda at: oracle.destroy(at, NEWS),
                          lambda at: oracle.delete_accounts(at, ["anna", "ben"]), lambda at: oracle.kick(at, "ben"),
                          lambda at: oracle.recall(at, NEWS, [1, 3])):
            for is_done in (True, False):
                made = territory()
                judged = Judged(made, operation)
                seen = (judged.pending[1] if is_done else made).view()
                self.assertEqual(judged.problems_with(seen), [])
                self.assertEqual(judged.was_found, is_done)

    def test_half_done_is_seen(self):
        cases = (
            (lambda at: oracle.add(at, NEWS, ["eve", "dan"]), lambda at: oracle.add(at, NEWS, ["eve"])),
            (lambda at: oracle.recall(at, NEWS, [1, 3]), lambda at: oracle.recall(at, NEWS, [1])),
            (lambda at: oracle.import_accounts(at, ["x", "y"]), lambda at: oracle.import_accounts(at, ["x"])),
            (lambda at: oracle.delete_accounts(at, ["anna"]), lambda at: at.accounts.pop("anna")),
            (lambda at: oracle.send(at, NEWS, "four", True),
             lambda at: setattr(at.channels[NEWS], "events", at.channels[NEWS].events + 1)),
        )
        for whole, half in cases:
            made = territory()
            oracle.import_accounts(made, ["eve", "dan"])
            seen = made.copy()
            half(seen)
            self.assertEqual(len(Judged(made, whole).problems_with(seen.view())), 1)

    def test_nothing_but_what_was_under_way_may_differ(self):
        made = territory()
        judged = Judged(made, lambda at: oracle.send(at, NEWS, "four", True))
        seen = judged.pending[1].copy()
        seen.channels[NEWS].posts[0].is_recalled = True
        self.assertEqual(len(judged.problems_with(seen.view())), 1)


class WebhooksTest(unittest.TestCase):
    expected = {NEWS: [("SendMsg", (1, "one")), ("SendMsg", (2, "two")), ("MsgWithDraw", (1,))]}

    def judge(self, *deliveries):
        return judge_webhooks(self.expected, [(NEWS, *delivery) for delivery in deliveries])

    def test_all_in_order_pass(self):
        self.assertEqual(self.judge(*self.expected[NEWS]), (0, []))

    def test_one_that_never_came_or_came_in_another_order_or_for_nothing(self):
        one, two, three = self.expected[NEWS]
        for deliveries, missing in (((one, three), 1), ((two, one, three), 0), ((one, two, three, three), 0), ((), 3)):
            found, problems = self.judge(*deliveries)
            self.assertEqual((found, len(problems)), (missing, 1))
        self.assertEqual(len(judge_webhooks({}, [(NEWS, *one)])[1]), 1)


class SeedTest(unittest.TestCase):
    def play(self, seed, count=3000):
        made, chooser, names = oracle.Territory(), Chooser(seed, 1), []
        for _ in range(count):
            operation = chooser.choose(made)
            outcome = operation.effect(made)
            if operation.name == "send_official_account_msg" and outcome.code == 0:
                made.channels[operation.body["Official_Account"]].posts[-1].key = f"{chooser.count}_1_7"
            names.append((operation.name, str(operation), operation.key, outcome.code))
        return names

    def test_a_seed_gives_the_same_work_and_another_gives_other_work(self):
        self.assertEqual(self.play(1, 500), self.play(1, 500))
        self.assertNotEqual(self.play(1, 500), self.play(2, 500))

    def test_every_writing_command_succeeds_sometimes_and_most_are_refused_sometimes(self):
        played = self.play(1)
        self.assertEqual({name for name, _, _, code in played if code == 0}, WRITES)
        self.assertGreater(len({name for name, _, _, code in played if code}), 7)


class AnswerTest(unittest.TestCase):
    def test_what_was_not_foretold_does_not_matter_and_the_rest_does(self):
        answer = {"ErrorCode": 0, "SubscriberList": [{"Subscriber_Account": "anna", "Result": 1, "More": ""}]}
        self.assertTrue(agrees(answer, {"SubscriberList": [{"Subscriber_Account": "anna", "Result": 1}]}))
        for members in ({"SubscriberList": [{"Subscriber_Account": "anna", "Result": 2}]}, {"SubscriberList": []},
                        {"Other": 1}):
            self.assertFalse(agrees(answer, members))


class DiskTest(unittest.TestCase):
    """The journal of disk.c, as it would be written, and what a power cut leaves of a file."""

    def leave(self, content, *records, share=1):
        with tempfile.NamedTemporaryFile() as file:
            path = pathlib.Path(file.name)
            path.write_bytes(content)
            journal = b"".join(disk.RECORD.pack(ord(kind), 1, place, len(data)) + data for kind, place, data in records)
            draw = random.Random(1)
            disk.forget(path, disk.pending(journal).get(1, {}), share, draw)
            return path.read_bytes()

    def setUp(self):
        self.old, self.new = b"o" * disk.PAGE, b"n" * disk.PAGE
        self.after_one_page = disk.RECORD.size + disk.PAGE

    def test_what_was_not_synced_is_lost_and_what_was_is_not(self):
        written = ("W", 0, self.old)
        left = self.leave(self.new, written, share=1)
        self.assertNotEqual(left, self.new)
        self.assertEqual(self.leave(self.new, written, ("S", self.after_one_page, b"")), self.new)

    def test_what_was_written_while_the_sync_ran_is_not_synced(self):
        self.assertNotEqual(self.leave(self.new, ("W", 0, self.old), ("S", 0, b"")), self.new)

    def test_what_a_failed_sync_was_to_keep_is_lost_also_when_a_later_one_succeeds(self):
        failed = [("W", 0, self.old), ("F", self.after_one_page, b"")]
        later = self.after_one_page + disk.RECORD.size
        self.assertEqual(self.leave(self.new, *failed, ("S", later, b""), share=0), self.old)

    def test_what_is_written_again_after_a_failed_sync_is_kept_by_the_next(self):
        again = self.after_one_page + disk.RECORD.size + self.after_one_page
        self.assertEqual(self.leave(self.new, ("W", 0, self.old), ("F", self.after_one_page, b""),
                                    ("W", 0, self.new), ("S", again, b"")), self.new)

    def test_a_file_that_grew_is_as_short_as_before(self):
        self.assertEqual(self.leave(self.old + self.new, ("W", 1, b""), ("F", self.after_one_page, b"")), self.old)
        self.assertEqual(self.leave(self.old + self.new, ("W", 1, b"n" * 10), ("F", self.after_one_page, b"")),
                         self.old + b"n" * 10)


class UnfeltTest(unittest.TestCase):
    @staticmethod
    def scene(acknowledged, lost_pages):
        load = types.SimpleNamespace(total=lambda what: {"acknowledged": acknowledged}[what])
        return scene.Scene(None, load, None, rounds=3, lost_pages=lost_pages)

    def test_a_fault_that_met_nothing_is_told(self):
        for name, acknowledged, lost_pages, count in (
                ("killed", 5, 0, 0), ("killed", 0, 0, 1), ("power cut (simulated)", 5, 1, 0),
                ("power cut (simulated)", 5, 0, 1), ("power cut (simulated)", 0, 0, 2),
                ("sync fails, then power cut (simulated)", 5, 0, 1),
                ("power cut in its first start (simulated)", 0, 1, 0), ("power cut in its first start (simulated)", 0, 0, 1)):
            fault = next(fault for fault in faults.FAULTS if fault.name == name)
            self.assertEqual(len(fault.unfelt(self.scene(acknowledged, lost_pages))), count, (name, acknowledged, lost_pages))

    def test_damage_that_was_never_told_of_is_told(self):
        for counts, count in (({"without_effect": 9}, 1), ({"at_start": 1}, 0), ({"when_met": 1}, 0), ({"shorter": 1}, 0),
                              ({"problems": ["wrong"]}, 0)):
            self.assertEqual(len(damage.Specimen(None, None, "", copies=9, **counts).unfelt()), count)

    def test_only_what_the_log_says_from_then_on_counts(self):
        with tempfile.NamedTemporaryFile() as file:
            log = pathlib.Path(file.name)
            place = object.__new__(installation.Installation)
            place.server = types.SimpleNamespace(log=log)
            one = scene.Scene(place, None, None)
            log.write_text("the disk is full\n")
            one.demand_words("the disk is full")
            one.listen()
            with self.assertRaises(scene.Unfelt):
                one.demand_words("the disk is full")
            log.write_text(log.read_text() + "again: the disk is full\n")
            one.demand_words("the disk is full")


class PartTest(unittest.TestCase):
    """Of what was read before reading failed, each wrong thing is seen, and nothing else."""

    def seen(self, *ways):
        seen = territory().view()
        for way in ways:
            at = seen
            for name in way[:-1]:
                at = at[name]
            del at[way[-1]]
        return seen

    def found(self, seen):
        wanted = territory().view()
        return differences(as_far_as(wanted, seen), seen)

    def test_what_was_not_read_says_nothing(self):
        for ways in ([("accounts", "anna"), ("subscriptions", "anna"), ("channels", NEWS, "unread", "anna")],
                     [("channels", NEWS, "posts")], [("there",)], [("channels", NEWS)]):
            self.assertEqual(self.found(self.seen(*ways)), [])
        self.assertEqual(self.found({}), [])

    def test_what_was_read_and_is_wrong_is_seen(self):
        seen = self.seen(("accounts", "anna"), ("channels", NEWS, "subscribers"))
        seen["channels"][NEWS]["posts"].pop()
        self.assertEqual(len(self.found(seen)), 1)
        for part, value in (("there", []), ("imported", ["anna"]), ("channels", {"@TOA#_other": {}})):
            seen = self.seen(("accounts", "anna"))
            seen[part] = value
            self.assertEqual(len(self.found(seen)), 1, part)

    def test_reading_leaves_what_it_has_when_it_is_refused(self):
        class Caller:
            PATIENCE = 1

            async def call(self, command, body):
                if command == "get_official_account_info":
                    return {"ErrorCode": 0, "OfficialAccountInfoList": [
                        {"Official_Account": NEWS, "ErrorCode": 0, "Owner_Account": "owner", "SubscriberNum": 2,
                         **dict.fromkeys(oracle.PROFILE, "")}]}
                return {"ErrorCode": 10002}

        seen = {}
        with self.assertRaises((Refused, Lost)):
            # Nobody listens there.
            asyncio.run(read(Caller(), Application(1, "k"), [NEWS], [], "127.0.0.1", 1, seen))
        self.assertEqual((seen["there"], seen["channels"][NEWS]["count"]), ([NEWS], 2))


class TroubleTest(unittest.TestCase):
    """A server in trouble is asked again; anything else that it refuses is an answer."""

    def test_an_answer_is_told_from_trouble(self):
        self.assertEqual((code_of({"result": {}}), code_of({"error": {"code": 10007}})), (0, 10007))
        for code in (20005, INTERNAL):
            with self.assertRaises(Faulty):
                code_of({"error": {"code": code}})

    def test_reading_tells_a_refusal_from_trouble(self):
        for code, kind in ((20005, Faulty), (10007, Refused)):
            class Caller:
                async def call(self, command, body):
                    return {"ErrorCode": code}

            with self.assertRaises(kind):
                asyncio.run(must(Caller(), "get_subscriber_info", {}))

    def backend(self):
        return Backend(1, 0, Application(1, "k"), "127.0.0.1", 1, Gate())

    def test_who_is_patient_asks_until_there_is_an_answer(self):
        async def ask():
            if troubles:
                raise troubles.pop(0)
            return "answer"

        one, troubles = self.backend(), [Lost(), Faulty()]
        self.assertEqual((asyncio.run(one.patiently(ask)), one.asked_again), ("answer", 2))
        troubles = [Refused(), Lost()]
        with self.assertRaises(Refused):
            asyncio.run(one.patiently(ask))

    def test_patience_ends(self):
        async def ask():
            raise Lost()

        with unittest.mock.patch.object(backend_module, "PATIENCE", 0), self.assertRaises(Lost):
            asyncio.run(self.backend().patiently(ask))

    def test_what_was_not_refused_stays_so_while_reading_meets_trouble(self):
        """Nobody knows of an operation; the reading that is to tell is refused, then shows something wrong."""
        one, looks = self.backend(), []

        async def look():
            looks.append(one.was_refused)
            if len(looks) == 2:
                one.problems.append("wrong")
            raise Faulty()

        one.gate.is_open.set()
        one.begin()
        one.pending[0].key, one.look, one.is_doubtful = None, look, True
        asyncio.run(one.run())
        self.assertEqual((looks, one.refusals, one.is_doubtful, one.was_found), ([False, False], 2, True, None))


    def test_who_does_not_come_to_the_gate_is_named_and_ended(self):
        async def wait():
            one, ending = self.backend(), asyncio.Event()
            one.begin()
            one.is_parked = False

            async def work():
                try:
                    await asyncio.sleep(60)
                finally:
                    ending.set()

            task = asyncio.create_task(work())
            await asyncio.sleep(0)
            await parked([one], [task])
            self.assertTrue(ending.is_set() and task.cancelled())
            return one

        with unittest.mock.patch.object(backend_module, "GATE_PATIENCE", 0):
            one = asyncio.run(wait())
        self.assertEqual(len(one.problems), 1)
        self.assertIn(f"under way is {one.pending[0]}", one.problems[0])

    def test_who_was_ended_is_left_alone(self):
        async def wait():
            one, task = self.backend(), asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await parked([one], [task])
            return one

        self.assertEqual(asyncio.run(wait()).problems, [])


class EndOfLogTest(unittest.TestCase):
    """What may be gone when the end of a log was damaged, and what may not."""

    def look(self, kind, gone):
        """What is found of a copy that lacks so many of a backend's last operations."""
        states = [territory()]
        for number in range(5):
            states.append(states[-1].copy())
            oracle.import_accounts(states[-1], [f"user{number}"])
        # What is refused changes nothing.
        states += [states[-1].copy(), states[-1].copy()]
        view = states[-3 - gone].view()

        async def read(caller, application, channels, names, host, port, seen):
            seen |= copy.deepcopy(view)

        one = Backend(1, 0, Application(1, "k"), "127.0.0.1", 1, Gate())
        one.moments = [Moment(state, 0, 0) for state in states]
        specimen = kind(None, None, "")
        specimen.load = types.SimpleNamespace(backends=[one])
        with unittest.mock.patch.object(damage, "read", read):
            wrong, in_trouble, is_shorter = asyncio.run(
                specimen.look(types.SimpleNamespace(host="127.0.0.1", port=1)))
        self.assertEqual(in_trouble, [])
        return bool(wrong), is_shorter

    def test_only_the_last_two_operations_and_only_where_the_end_was_damaged(self):
        found = [self.look(damage.SpecimenAtItsEnd, gone) for gone in range(4)]
        self.assertEqual(found, [(False, False), (False, True), (False, True), (True, True)])
        self.assertEqual([self.look(damage.Specimen, gone)[0] for gone in range(2)], [False, True])


class DifferencesTest(unittest.TestCase):
    def test_each_is_named(self):
        self.assertEqual(differences({"a": [1, 2], "b": 1}, {"a": [2, 1], "c": 1}),
                         ["a: in another order, or twice: [2, 1]", "b is not there", "c is there: 1"])


if __name__ == "__main__":
    unittest.main()
