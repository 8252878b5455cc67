#!/usr/bin/env python3
"""That the judge of the fault tests sees what is wrong: each kind of damage alone, and none where there is none."""
import pathlib
import sys
import types
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Wire")]

import judge  # noqa: E402
from ledger import Ledger, Post  # noqa: E402
from session import View  # noqa: E402

CHANNEL = "@TOA#_news"
POSTS = [(1, "1_1_7", "one"), (2, "2_1_7", "two"), (3, "3_1_8", "three")]


def sent(number, key, text):
    return {"CallbackCommand": "OfficialAccount.CallbackAfterSendMsg", "Official_Account": CHANNEL, "MsgKey": key,
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}


def came(*users):
    return {"CallbackCommand": "OfficialAccount.CallbackAfterAddSubscriber", "Official_Account": CHANNEL,
            "SubscribeAccountList": [{"Subscriber_Account": user} for user in users]}


CREATED = {"CallbackCommand": "OfficialAccount.CallbackAfterCreateOfficialAccount", "Official_Account": CHANNEL}


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger({CHANNEL: [Post(text, key) for _, key, text in POSTS]}, [CHANNEL],
                             {CHANNEL: {"anna", "ben"}})
        self.found = judge.Found({CHANNEL: list(POSTS)}, {CHANNEL}, {CHANNEL: ["anna", "ben"]},
                                 [CREATED, came("anna", "ben"), *(sent(*post) for post in POSTS)])
        view = View({"Epoch": "e", "HeadMsgSeq": 0, "HeadEventSeq": 0})
        view.posts = [(number, text) for number, _, text in POSTS]
        self.session = types.SimpleNamespace(name="anna", faults=[], views={CHANNEL: view})

    def verdict(self):
        verdict = judge.Verdict()
        for check in (judge.judge_posts, judge.judge_channels, judge.judge_webhooks):
            check(self.ledger, self.found, verdict)
        judge.judge_sessions([self.session], self.found.histories, verdict)
        return verdict

    def figures(self):
        verdict = self.verdict()
        self.assertFalse(verdict)
        return verdict.lost, verdict.duplicated, verdict.incomplete, verdict.missing_webhooks

    def test_what_is_whole_passes(self):
        self.assertTrue(self.verdict(), self.verdict().problems)

    def test_a_lost_post(self):
        self.found.histories[CHANNEL].pop()
        self.found.deliveries.pop()
        self.session.views[CHANNEL].posts.pop()
        self.assertEqual(self.figures(), (1, 0, 0, 0))

    def test_a_post_under_another_key_than_was_acknowledged(self):
        self.found.histories[CHANNEL][2] = (3, "3_1_9", "three")
        self.assertEqual(self.figures(), (1, 0, 0, 0))

    def test_a_post_that_is_there_twice(self):
        self.found.histories[CHANNEL].append((4, "4_1_9", "three"))
        self.found.deliveries.append(sent(4, "4_1_9", "three"))
        self.session.views[CHANNEL].posts.append((4, "three"))
        self.assertEqual(self.figures(), (0, 1, 0, 0))

    def test_a_post_that_nobody_sent(self):
        self.ledger.posts[CHANNEL].pop()
        self.assertEqual(self.figures(), (0, 1, 0, 0))

    def test_a_number_that_was_left_out_or_used_twice(self):
        for number in (2, 4):
            self.setUp()
            key = f"{number}_1_8"
            self.ledger.posts[CHANNEL][2] = Post("three", key)
            self.found.histories[CHANNEL][2] = (number, key, "three")
            self.found.deliveries[-1] = sent(number, key, "three")
            self.session.views[CHANNEL].posts[2] = (number, "three")
            self.assertEqual(self.figures(), (1, 0, 0, 0))

    def test_a_channel_that_is_gone(self):
        self.found.channels.clear()
        self.assertEqual(self.figures(), (1, 0, 0, 0))

    def test_a_subscriber_who_is_gone_or_should_be_or_is_there_twice(self):
        for there, figures in ((["anna"], (1, 0, 0, 0)), (["anna", "ben", "eve"], (1, 0, 0, 0)),
                               (["anna", "ben", "ben"], (0, 1, 0, 0))):
            self.found.subscribers[CHANNEL] = there
            self.assertEqual(self.figures(), figures)

    def test_a_webhook_that_never_came(self):
        for number in range(len(self.found.deliveries)):
            self.setUp()
            gone = self.found.deliveries.pop(number)
            self.assertEqual(self.figures(), (0, 0, 0, len(gone.get("SubscribeAccountList", [1]))))

    def test_webhooks_out_of_order(self):
        self.found.deliveries[-2:] = reversed(self.found.deliveries[-2:])
        self.assertEqual(self.figures(), (0, 0, 0, 0))

    def test_an_event_for_no_change(self):
        self.found.deliveries.append(came("eve"))
        self.assertEqual(self.figures(), (0, 0, 0, 0))

    def test_a_session_that_misses_a_post_has_one_twice_or_another_order(self):
        for posts in ([(1, "one"), (3, "three")], [(1, "one"), (2, "two"), (2, "two"), (3, "three")],
                      [(2, "two"), (1, "one"), (3, "three")]):
            self.session.views[CHANNEL].posts = posts
            self.assertEqual(self.figures(), (0, 0, 1, 0))

    def test_a_session_that_was_ended_or_never_began(self):
        self.session.faults.append("was ended: 4401")
        self.assertEqual(self.figures(), (0, 0, 1, 0))
        self.session.faults, self.session.views = [], {}
        self.assertEqual(self.figures(), (0, 0, 1, 0))

    def test_a_follower_who_does_not_know_where_he_subscribes(self):
        ready = types.SimpleNamespace(is_set=lambda: True)
        for follows, faults, holds in (({CHANNEL}, [], True), (set(), [], False), ({CHANNEL, "@TOA#_other"}, [], False),
                                       ({CHANNEL}, ["was ended: 4401"], False)):
            follower = types.SimpleNamespace(name="anna", faults=faults, follows=follows, ready=ready)
            verdict = judge.Verdict()
            judge.judge_followers({"anna": follower}, self.found.subscribers, verdict)
            self.assertEqual(bool(verdict), holds)
        self.assertEqual(verdict.incomplete, 1)

    def test_a_limit_that_does_not_hold_exactly(self):
        for count, holds in ((19, False), (20, True), (21, False)):
            verdict = judge.Verdict()
            judge.judge_cap("subscribers", count, 20, verdict)
            self.assertEqual(bool(verdict), holds)


if __name__ == "__main__":
    unittest.main()
