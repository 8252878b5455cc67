#!/usr/bin/env python3
"""Shows the witness copies that are right, and one of each kind that is not."""
import copy
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("deploy", "Tests/Wire", "Tests/Crash")]

from oracle import Channel, Post, Subscriber, Territory  # noqa: E402
from witness import compare, same_epochs  # noqa: E402


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

    def test_a_moment_is_right(self):
        for state in self.states:
            self.assertEqual(compare(self.states, copied(state)), [])
            self.assertEqual(same_epochs(self.states, copied(state)), [])

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

    def test_the_epoch_of_the_original(self):
        self.assertIn("epoch", same_epochs(self.states, copied(self.states[0], "original"))[0])


if __name__ == "__main__":
    unittest.main()
