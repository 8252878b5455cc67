#!/usr/bin/env python3
"""Shows the witness copies that are right, and one of each kind that is not."""
import copy
import math
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("deploy", "Tests/Wire", "Tests/Crash")]

from backend import Moment  # noqa: E402
from oracle import Channel, Post, Subscriber, Territory  # noqa: E402
from witness import apart, compare, same_epochs, shown_by, states  # noqa: E402


def territory(posts):
    channel = Channel({"Name": "news"}, most=10, epoch="original")
    channel.posts = [Post(seq, f"text {seq}", True, f"{seq}_1_1") for seq in range(1, posts + 1)]
    channel.subscribers = {"ann": Subscriber("ann", 1, 0)}
    return Territory(channels={"@TOA#_news": channel}, accounts={"ann": False})


def copied(state, epoch="copy"):
    view = copy.deepcopy(state.view())
    view["channels"]["@TOA#_news"]["epoch"] = epoch
    return view


class WitnessTest(unittest.TestCase):
    states = [territory(1), territory(2), territory(3)]
    epochs = {("@TOA#_news", "original"), ("@TOA#_other", "of another")}

    def test_a_moment_is_right(self):
        for state in self.states:
            self.assertEqual(compare(self.states, copied(state)), [])

    def test_a_lost_post(self):
        seen = copied(self.states[2])
        del seen["channels"]["@TOA#_news"]["posts"][1]
        self.assertIn("of 3 moments", compare(self.states, seen)[0])

    def test_a_mixture_of_two_moments(self):
        seen = copied(self.states[1])
        seen["channels"]["@TOA#_news"]["head"] = 3
        self.assertNotEqual(compare(self.states, seen), [])

    def test_an_older_moment(self):
        self.assertNotEqual(compare(self.states[1:], copied(self.states[0])), [])

    def test_a_lost_subscription(self):
        seen = copied(self.states[0])
        seen["subscriptions"]["ann"] = set()
        self.assertIn("subscriptions", compare(self.states, seen)[0])

    def test_another_epoch_is_right(self):
        self.assertEqual(same_epochs(self.epochs, copied(self.states[0])["channels"]), [])

    def test_the_epoch_of_the_original(self):
        channels = copied(self.states[0], "original")["channels"]
        self.assertIn("epoch of the original", same_epochs(self.epochs, channels)[0])

    def test_epochs_of_which_none_is_known(self):
        self.assertIn("no channel", same_epochs(set(), copied(self.states[0])["channels"])[0])


class MomentTest(unittest.TestCase):
    """Two backends that post every second, one at .0 and one at .5; each post takes 0.2 s."""

    def setUp(self):
        self.one, self.other = (
            states([Moment(territory(count), second + shift, second + shift + 0.2) for second, count in enumerate((1, 2, 3))])
            for shift in (0.0, 0.5))

    def copy(self, of_one, of_other):
        """What a copy shows that has so many posts of one and so many of the other."""
        return {"one": shown_by(self.one, copied(territory(of_one))), "other": shown_by(self.other, copied(territory(of_other)))}

    def test_a_state_is_there_from_the_beginning_of_its_operation_to_the_end_of_the_next(self):
        self.assertEqual([(state.since, round(state.until, 1)) for state in self.one], [(0, 1.2), (1, 2.2), (2, math.inf)])

    def test_one_moment_is_right(self):
        for counts in ((1, 1), (2, 1), (2, 2), (3, 2), (3, 3)):
            self.assertEqual(apart(self.copy(*counts)), [], counts)

    def test_a_torn_copy(self):
        for counts in ((1, 3), (3, 1), (1, 2)):
            shown = self.copy(*counts)
            self.assertTrue(all(shown.values()), "each part alone is right")
            self.assertIn("different moments", apart(shown)[0], counts)

    def test_what_was_under_way_may_be_either(self):
        moments = [Moment(territory(1), 0, 0.2)]
        known = states(moments, (None, territory(2), None), 5)
        for count, since in ((1, 0), (2, 5)):
            [state] = shown_by(known, copied(territory(count)))
            self.assertEqual((state.since, state.until), (since, math.inf))

    def test_of_states_that_are_alike_one_is_enough(self):
        """What was refused changed nothing: the copy is of the later one, or of the earlier."""
        self.one = states([Moment(territory(1), 0, 0.2), Moment(territory(2), 1, 1.2), Moment(territory(1), 2, 2.2)])
        for count in (1, 2, 3):
            self.assertEqual(apart(self.copy(1, count)), [], count)


if __name__ == "__main__":
    unittest.main()
