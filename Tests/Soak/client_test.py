#!/usr/bin/env python3
"""That the subscribers of the soak note what a server does wrong: one that posts twice, leaves out, or mixes up."""
import asyncio
import json
import pathlib
import struct
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Wire"), str(HERE.parents[1] / "deploy")]

from book import Book, Reload  # noqa: E402
from plan import PLAIN, SLOW, Channel, Member  # noqa: E402
from record import content  # noqa: E402
from subscribers import Subscribers  # noqa: E402

NEWS = Channel(0, "small").name


def post(seq, event, text="text", **more):
    params = {"Official_Account": NEWS, "Epoch": "e", "MsgSeq": seq, "EventSeq": event, "MsgKey": f"{seq}_1_7",
              "OnlineOnlyFlag": 0, "CloudCustomData": "",
              "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}
    return {"method": "onRecvNewMessage", "params": params | more}


def answer(seq, event, *posts, **more):
    return {"messages": [one["params"] for one in posts], "Epoch": "e", "MsgSeq": seq, "EventSeq": event} | more


END = object()
# A part of a frame, and then the end.
CUT = object()


class Server:
    """Says on each connection in turn what its script has: what comes before the answer, the answer, what comes after."""

    def __init__(self, *scripts):
        self.scripts, self.asked, self.writers, self.done = list(scripts), [], [], asyncio.Event()
        self.amid, self.may_end = asyncio.Event(), asyncio.Event()
        # How many bytes.
        self.said = 0

    async def serve(self, reader, writer):
        self.writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        self.write(writer, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
        before, result, after = self.scripts.pop(0)
        for message in before:
            self.say(writer, message)
        request = await self.request(reader)
        self.asked.append(request)
        self.say(writer, {"id": request["id"], "result": result})
        for message in after:
            self.say(writer, message)
        await writer.drain()
        if after and after[-1] is CUT:
            self.amid.set()
            await self.may_end.wait()
        if after and after[-1] in (END, CUT):
            writer.close()
            return
        self.done.set()

    @staticmethod
    async def request(reader):
        head = await reader.readexactly(2)
        size = head[1] & 127
        if size == 126:
            size = struct.unpack(">H", await reader.readexactly(2))[0]
        return json.loads((await reader.readexactly(4 + size))[4:])

    def say(self, writer, message):
        if message is END:
            self.write(writer, b"\x88\x02" + struct.pack(">H", 4401))
            return
        if message is CUT:
            self.write(writer, b"\x81\x7f" + struct.pack(">Q", 70_000) + b"x" * 100)
            return
        data = json.dumps(message).encode()
        size = (bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data)) if len(data) < 65_536
                else b"\x7f" + struct.pack(">Q", len(data)))
        # In two parts, as a network may.
        self.write(writer, b"\x81" + size + data[:7])
        self.write(writer, data[7:])

    def write(self, writer, data):
        self.said += len(data)
        writer.write(data)


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.member = Member(0, "anna", PLAIN, "Web")
        cls.plan = types.SimpleNamespace(channels=[Channel(0, "small")], members=[cls.member])
        cls.subscribers = Subscribers(pathlib.Path(cls.place.name), cls.plan, 1)

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def play(self, *after, resumes=(), ends=()):
        """What the client counts, its faults and its book, after a login and what came then."""
        item = {"Official_Account": NEWS, "Epoch": "e", "HeadMsgSeq": 0, "HeadEventSeq": 0}
        return asyncio.run(self.converse(([], {"OfficialAccountInfoList": [item]}, after), *resumes, ends=ends))

    async def converse(self, *scripts, ends):
        self.server = Server(*scripts)
        listening = await asyncio.start_server(self.server.serve, "127.0.0.1", 0)
        application = types.SimpleNamespace(query=lambda user: f"identifier={user}")
        await self.subscribers.start(application, listening.sockets[0].getsockname()[1])
        self.subscribers.say("open", 1000)
        async with asyncio.timeout(20):
            if CUT in scripts[0][2]:
                await self.server.amid.wait()
                await self.heard()
                if "renewed" in ends:
                    self.subscribers.renew(application)
                if "ended" in ends:
                    self.subscribers.end_outdated()
                # They have been taken when this is answered.
                await self.subscribers.stats()
                self.server.may_end.set()
            await self.server.done.wait()
            stats = await self.heard()
        file = pathlib.Path(self.place.name) / "book"
        faults = await self.subscribers.write(file)
        await self.subscribers.close()
        for writer in self.server.writers:
            writer.close()
        listening.close()
        return stats, faults, Book(file.read_text().splitlines())

    async def heard(self):
        """What the client counts when it has read all that the server said."""
        while (stats := await self.subscribers.stats())["bytes"] < self.server.said:
            await asyncio.sleep(0.01)
        return stats

    def test_posts_in_order(self):
        recall = {"method": "onRecvMessageRevoked",
                  "params": {"Official_Account": NEWS, "Epoch": "e", "EventSeq": 3, "MsgSeq": 1}}
        stats, faults, book = self.play(post(1, 1), post(2, 2, "x" * 70_000, CloudCustomData="own"), recall)
        self.assertEqual((faults, stats["receipts"], stats["recalls"], book.gaps), ([], 2, 1, []))
        self.assertEqual(book.posts[0, 2].content, content("2_1_7", "own", "x" * 70_000))
        self.assertEqual(book.events, {0: [(3, 2, 1)]})

    def test_a_post_that_comes_twice(self):
        stats, faults, _ = self.play(post(1, 1), post(1, 1))
        self.assertEqual((stats["receipts"], stats["doubled"], len(faults)), (1, 1, 1))

    def test_a_post_that_is_left_out(self):
        _, _, book = self.play(post(1, 1), post(3, 3))
        self.assertEqual(book.gaps, [[0, 1, 2, 1, 2]])

    def test_posts_in_another_order(self):
        stats, faults, _ = self.play(post(2, 2), post(1, 1))
        self.assertEqual((stats["doubled"], len(faults)), (1, 1))
        stats, faults, _ = self.play(post(2, 1), post(1, 2))
        self.assertEqual((stats["disordered"], len(faults)), (1, 1))

    def test_another_epoch_and_another_channel(self):
        self.assertTrue(self.play(post(1, 1, Epoch="f"))[1])
        end = {"method": "onOfficialAccountUnsubscribed", "params": {"Official_Account": NEWS}}
        stats, faults, _ = self.play(end, post(1, 1))
        self.assertEqual((stats["strays"], len(faults)), (1, 1))
        self.assertTrue(self.play(post(1, 1, Official_Account="@TOA#_soak_001"))[1])

    def test_resume_brings_what_was_missed_and_what_came_meanwhile_is_not_counted_twice(self):
        resume = [post(3, 3), post(4, 4)], {NEWS: answer(3, 3, post(2, 2), post(3, 3))}, [post(5, 5)]
        stats, faults, book = self.play(post(1, 1), END, resumes=[resume])
        self.assertEqual((faults, stats["resumed"], stats["repeats"], stats["receipts"]), ([], 2, 1, 3))
        self.assertEqual(self.server.asked[1]["params"], {NEWS: {"Epoch": "e", "MsgSeq": 1, "EventSeq": 1}})
        self.assertEqual((book.gaps, book.tenures[0].seq), ([], 5))

    def test_resume_that_brings_something_again_or_with_another_content(self):
        for again in (post(1, 1), post(2, 2, "another")):
            resume = [post(2, 2)], {NEWS: answer(2, 2, again)}, []
            self.assertTrue(self.play(post(1, 1), END, resumes=[resume])[1])

    def test_resume_that_says_reload(self):
        def reload(seq, event):
            return [post(seq, event)], {NEWS: {"reload": True, "Epoch": "e", "MsgSeq": seq, "EventSeq": event}}, \
                [post(seq + 1, event + 1)]
        for kind, seq, event, is_right in ((PLAIN, 502, 502, False), (SLOW, 501, 1001, False), (SLOW, 502, 502, True),
                                           (SLOW, 501, 1002, True)):
            self.member.kind = kind
            _, faults, book = self.play(post(1, 1), END, resumes=[reload(seq, event)])
            reloads = book.tenures[0].reloads
            self.assertEqual((not faults, reloads), (is_right, [Reload(1, seq, 1, event)] if is_right else []), faults)
            if is_right:
                self.assertEqual((book.tenures[0].seq, book.tenures[0].live, book.gaps), (seq + 1, 2, []))
        self.member.kind = PLAIN

    def test_who_is_cut_off_amid_a_frame(self):
        both = ("renewed", "ended")
        for kind, ends, is_right in ((SLOW, both, True), (SLOW, ["renewed"], False), (SLOW, ["ended"], False),
                                     (PLAIN, both, False)):
            self.member.kind = kind
            stats, faults, _ = self.play(post(1, 1), CUT, resumes=[([], {NEWS: answer(1, 1)}, [])], ends=ends)
            self.assertEqual((not faults, stats["cut"]), (is_right, int(is_right)), faults)
        self.member.kind = PLAIN

    def test_an_online_only_post_that_comes_after_an_answer_that_counted_it(self):
        resume = [], {NEWS: answer(2, 2)}, [post(2, 2, OnlineOnlyFlag=1)]
        stats, faults, _ = self.play(post(1, 1), END, resumes=[resume])
        self.assertEqual((faults, stats["late"]), ([], 1))
        resume = [], {NEWS: answer(2, 2)}, [post(2, 2, OnlineOnlyFlag=1)] * 2
        self.assertEqual(self.play(post(1, 1), END, resumes=[resume])[0]["doubled"], 1)


if __name__ == "__main__":
    unittest.main()
