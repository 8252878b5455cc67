"""Broadcasts and subscribers: whether cost depends on the audience, and subscribing against a raw SQLite loop."""
import itertools
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time

from harness import Bench, Caller

BIG, SMALL = "@TOA#_big", "@TOA#_small"
# Batches of 100 new subscribers in one measurement.
BATCHES = 1500


class Audience(Bench):
    def run(self):
        audience = self.options.subscribers
        path = self.directory + "/audience"
        accounts = audience + self.options.rounds * BATCHES * 100
        self.tool("seed-subscribers", "--data-dir", path, "--channel", BIG, "--accounts", accounts, "--subscribers",
                  audience)
        self.tool("seed-subscribers", "--data-dir", path, "--channel", SMALL, "--accounts", 0, "--subscribers", 10)
        self.broadcasts(path, audience)
        self.pages(path, audience)
        self.subscribing(path, audience)

    def broadcasts(self, path, audience):
        process, port, _ = self.rostrum(path)
        try:
            caller, number, rounds = Caller(self, port), 0, []
            for _ in range(self.options.rounds + 1):
                times = {BIG: [], SMALL: []}
                for _ in range(300):
                    for channel in (BIG, SMALL):                # in turns, so that both meet the same weather
                        number += 1
                        took, _ = caller.call("send_official_account_msg", {
                            "Official_Account": channel, "Random": number,
                            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Ferry 7 is delayed"}}]})
                        times[channel].append(took * 1000)
                big, small = statistics.median(times[BIG]), statistics.median(times[SMALL])
                rounds.append({"broadcast to 10, median ms": small, f"broadcast to {audience:,}, median ms": big,
                               f"{audience:,} : 10 subscribers": big / small})
            self.table(rounds[1:])                              # the first one warms
        finally:
            process.stop()

    def pages(self, path, audience):
        process, port, _ = self.rostrum(path)
        try:
            caller, cursor, last = Caller(self, port), "", ""
            while True:
                _, reply = caller.call("get_subscriber_info", {"Official_Account": BIG, "Next": cursor})
                if not reply["Next"]:
                    break
                last = cursor = reply["Next"]
            rounds = []
            for _ in range(self.options.rounds):
                first, final = [], []
                for _ in range(200):
                    first.append(caller.call("get_subscriber_info", {"Official_Account": BIG, "Next": ""})[0] * 1000)
                    final.append(caller.call("get_subscriber_info", {"Official_Account": BIG, "Next": last})[0] * 1000)
                first, final = statistics.median(first), statistics.median(final)
                rounds.append({"first page of 200, median ms": first, "last page of 200, median ms": final,
                               f"last : first page of {audience:,}": final / first})
            self.table(rounds)
        finally:
            process.stop()

    def subscribing(self, path, audience):
        """Batches of 100 new subscribers into one channel, from 8 connections."""
        rounds, following = [], audience
        for _ in range(self.options.rounds):
            process, port, admin = self.rostrum(path)
            try:
                before = self.metrics(admin)
                rate, following = self.subscribe(port, following)
                group = self.groups(before, self.metrics(admin))
            finally:
                process.stop()
            # On a copy: what SQLite writes alone has no checksums, which is damage to the server.
            copy = pathlib.Path(self.directory, "raw.db")
            for ending in ("", "-wal", "-shm"):
                pathlib.Path(f"{copy}{ending}").unlink(missing_ok=True)
            for ending in ("", "-wal"):
                if os.path.exists(original := f"{path}/rostrum.db{ending}"):
                    shutil.copyfile(original, f"{copy}{ending}")
            raw = float(subprocess.run(
                ["taskset", "-c", "0", self.options.tool, "raw-subscribe", "--database", copy, "--group",
                 str(max(1, round(group))), "--seconds", "2", "--channel", BIG],
                capture_output=True, text=True, check=True).stdout)
            rounds.append({"subscribers/s in batches of 100": rate, "batches a commit": group,
                           "raw SQLite rows/s": raw, "subscribing : raw": rate / raw})
        self.table(rounds)

    def subscribe(self, port, first):
        """Subscribes the next batches; returns subscribers/s and the number of the first account that is left."""
        numbers = itertools.count(first, 100)
        last = first + BATCHES * 100
        faults = []

        def work():
            caller = Caller(self, port)
            while (begin := next(numbers)) < last:
                users = [{"Subscriber_Account": f"user_{number}"} for number in range(begin, begin + 100)]
                _, reply = caller.call("add_subscriber", {"Official_Account": BIG, "SubscriberList": users})
                if any(item["Result"] != 1 for item in reply["SubscriberList"]):
                    faults.append(begin)

        threads = [threading.Thread(target=work) for _ in range(8)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        if faults:
            sys.exit(f"somebody was not subscribed, first from {faults[0]}")
        return BATCHES * 100 / took, last
