"""Several nodes on PostgreSQL and NATS: creates, a post's way between nodes, a large live audience, the sender's cost."""
import contextlib
import math
import os
import re
import statistics
import sys
import time

from contenders import Rostrum
from creates import measure_creates
from fleet import Subscribers, compiled
from harness import Bench, Caller, all_cores
from installation import Installation, import_accounts, make_channel, subscribe
from rows import measure_rows

BIG, NEAR, FAR = "@TOA#_big", "@TOA#_near", "@TOA#_far"
# Sessions from which on the memory of a gateway is counted, so that what is there once is left out.
FEW = 1_000
# For the sender's cost: sessions of all gateways together, posts of each measurement, and how many a second.
MEMBERS, SENT, PACE = 600, 1_000, 100
BUS = "the NATS server"
# Posts from node to node in one turn, and turns of a round.
IN_TURN, TURNS = 20, 15
REST = 10


def available_bytes():
    """What the machine has left."""
    with open("/proc/meminfo") as file:
        return int(re.search(r"MemAvailable:\s+(\d+)", file.read())[1]) * 1024


class Cluster(Bench):
    PARTS = ["creates", "relay", "audience", "sender", "rows"]

    def run(self):
        self.each = math.ceil(self.options.audience / self.options.gateways)
        parts = self.parts()
        if "audience" in parts:
            self.allow_open_files(self.each)
        self.program = compiled(self.directory, "subscribers", "subscribers.c", "session.c", "poster.c", "frames.c")
        for part in parts:
            getattr(self, part)()

    def creates(self):
        measure_creates(self)

    def rows(self):
        measure_rows(self)

    def installation(self, accounts, core=None):
        """PostgreSQL and NATS, and the paths of the upgrades of so many accounts."""
        self.ours = Rostrum(self, accounts)
        with open(self.ours.paths) as file:
            self.paths = file.readlines()
        return Installation(self, core)

    def subscribers(self, port, first, count, post_port, core=None):
        """A program for the sessions of so many accounts."""
        paths = os.path.join(self.directory, f"paths_{first}")
        with open(paths, "w") as file:
            file.writelines(self.paths[first:first + count])
        return Subscribers(self.program, port, paths, count, self.log, core or all_cores(), post_port)

    # From node to node.

    def relay(self):
        """Posts to one channel whose only session is on the node that sends, and to one whose session is on another."""
        with self.installation(2) as cluster, contextlib.ExitStack() as processes:
            (here, port, _), (there, other, _) = cluster.node(), cluster.node()
            processes.enter_context(here)
            processes.enter_context(there)
            import_accounts(self, port, 2)
            loads = []
            for number, (channel, node) in enumerate(((NEAR, port), (FAR, other))):
                make_channel(self, port, channel)
                Caller(self, port).call("add_subscriber", {
                    "Official_Account": channel, "SubscriberList": [{"Subscriber_Account": f"user_{number}"}]})
                load = processes.enter_context(self.subscribers(node, number, 1, port))
                load.open(0, 1)
                loads.append((load, self.ours.posts_to(channel, [channel])))
            rounds = [self.relayed(loads) for _ in range(self.options.rounds + 1)]
            self.table(rounds[1:])                                      # the first one warms

    def relayed(self, loads):
        times = [[], []]
        for _ in range(TURNS):
            for place, (load, requests) in enumerate(loads):
                times[place] += [post[0] / 1000 for post in load.round(requests, IN_TURN, 1)["each"]]
        near, far = map(statistics.median, times)
        return {"post to a session of the same node, median ms": near, "post to a session of another node, median ms": far,
                "another node : the same node": far / near}

    # A large audience.

    def audience(self):
        size, gateways = self.options.audience, self.options.gateways
        with self.installation(size) as cluster, contextlib.ExitStack() as processes:
            node, port, _ = cluster.node("api,webhooks,maintenance")
            processes.enter_context(node)
            self.say(f"subscribing {size:,} accounts")
            imported = self.seconds(lambda: import_accounts(self, port, size))
            make_channel(self, port, BIG)
            subscribed = self.seconds(lambda: subscribe(self, port, BIG, size))
            self.table([{"importing, accounts/s": size / imported, "subscribing, subscribers/s": size / subscribed}])
            nodes, loads = [], []
            for first in range(0, size, self.each):
                node, live, _ = cluster.node("gateway")
                nodes.append(processes.enter_context(node))
                count = min(self.each, size - first)
                loads.append((processes.enter_context(self.subscribers(live, first, count, port)), count))
            groups = {"the gateways": nodes, BUS: [cluster.nats], "PostgreSQL": [cluster.postgres]}
            self.connect(nodes, loads, groups)
            self.at_rest(groups)
            caller = Caller(self, port)
            self.posted(caller, loads, nodes)                           # warms
            rounds = []
            for number in range(self.options.rounds):
                self.say(f"posts to {size:,}, round {number + 1} of {self.options.rounds}")
                rounds.append([self.posted(caller, loads, nodes) for _ in range(max(1, self.options.posts // 3))])
            self.table([{name: statistics.median(post[name] for post in posts) for name in posts[0]} for posts in rounds])

    @staticmethod
    def seconds(work):
        began = time.monotonic()
        work()
        return time.monotonic() - began

    def connect(self, nodes, loads, groups):
        """Opens every session, on all gateways at once, and says what a session takes of a gateway's memory."""
        few = min(FEW, self.each // 2)
        for load, _ in loads:
            load.open(0, few)
        time.sleep(2)
        before, cpu = [node.resident_mebibytes() for node in nodes], {name: self.cpu(groups[name]) for name in groups}
        nats, available, began = groups[BUS][0].resident_mebibytes(), available_bytes(), time.monotonic()
        for load, count in loads:
            load.begin(few, count - few, seconds=150)
        for load, count in loads:
            load.finish(count - few)
        took, opened = time.monotonic() - began, sum(count - few for _, count in loads)
        self.table([{"connecting, sessions/s": opened / took}])
        for name, group in groups.items():
            self.table([{f"connecting, CPU of {name} a session, µs": (self.cpu(group) - cpu[name]) / opened * 1e6}])
        time.sleep(3)
        after = [node.resident_mebibytes() for node in nodes]
        self.table([{f"resident MiB of a gateway with {self.each:,} sessions": memory} for memory in after])
        self.table([{"bytes a session": (full - empty) * 1024 * 1024 / (count - few)}
                    for full, empty, (_, count) in zip(after, before, loads)])
        nats = (groups[BUS][0].resident_mebibytes() - nats) * 1024 * 1024
        self.table([{f"bytes of {BUS} a session": nats / opened}])
        self.table([{"bytes a session of the machine, both ends": (available - available_bytes()) / opened}])

    @staticmethod
    def cpu(processes):
        return sum(sum(process.cpu_seconds()) for process in processes)

    def at_rest(self, groups):
        """What the processes use while nothing is posted, in hundredths of a core."""
        before = {name: self.cpu(group) for name, group in groups.items()}
        time.sleep(REST)
        for name, group in groups.items():
            self.table([{f"at rest, CPU of {name}, %": (self.cpu(group) - before[name]) / REST * 100}])

    def posted(self, caller, loads, nodes):
        """One post to everybody; exactly once, and nothing else."""
        before = [load.stats() for load, _ in loads]
        for load, _ in loads:
            load.expect()
        used = self.cpu(nodes)
        sent = time.monotonic_ns() / 1000
        took = self.post(caller)
        arrivals = sorted(arrival for load, count in loads for arrival in load.arrivals(count))
        used = max(self.cpu(nodes) - used, 1 / os.sysconf("SC_CLK_TCK"))        # the kernel counts no less
        time.sleep(1)                                                   # for what comes that should not
        after = [load.stats() for load, _ in loads]
        for (_, count), was, stats in zip(loads, before, after):
            if (stats["delivered"], stats["twice"], stats["lost"], stats["others"]) != (count, 0, 0, was["others"]):
                sys.exit(f"not every session got the post once: {stats}")
        size = sum(stats["bytes"] - was["bytes"] for was, stats in zip(before, after)) / len(arrivals)
        milliseconds = [(arrival - sent) / 1000 for arrival in arrivals]
        return {"sessions that got the post, each once": len(arrivals), "the sender's reply, ms": took * 1000,
                "first session, ms": milliseconds[0], "half of them, ms": milliseconds[len(arrivals) // 2],
                "last session, ms": milliseconds[-1], "deliveries/s": len(arrivals) / milliseconds[-1] * 1000,
                "deliveries a CPU second of the gateways": len(arrivals) / used,
                "bytes a delivery, without TCP and IP": size}

    # What gateways cost the node that sends.

    def sender(self):
        """One gateway and all of them, with a core for the node that sends and another for everything else."""
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {1})
        try:
            with self.installation(MEMBERS, core="1") as cluster:
                node, port, _ = cluster.node("api,webhooks,maintenance", core="0")
                with node:
                    import_accounts(self, port, MEMBERS)
                    make_channel(self, port, BIG)
                    subscribe(self, port, BIG, MEMBERS)
                    self.table([self.costs(cluster, node, port) for _ in range(self.options.rounds)])
        finally:
            os.sched_setaffinity(0, cores)

    def costs(self, cluster, sender, port):
        most = self.options.gateways
        share = MEMBERS // most
        few, one, spread = (self.cost(cluster, sender, port, gateways, each)
                            for gateways, each in ((1, share), (1, MEMBERS), (most, share)))
        return {f"CPU of the sender a post, 1 gateway, {share} sessions, µs": few,
                f"CPU of the sender a post, 1 gateway, {MEMBERS} sessions, µs": one,
                f"CPU of the sender a post, {most} gateways, {MEMBERS} sessions, µs": spread,
                f"{most} gateways : 1 with as many sessions each": spread / few,
                f"{most} gateways : 1 with all sessions": spread / one}

    def cost(self, cluster, sender, port, gateways, each):
        """The sender's CPU a post. The pace is always the same: one that waits for the gateways changes the cost itself."""
        self.say(f"the sender's cost with {gateways} of the gateways, {each} sessions each")
        with contextlib.ExitStack() as processes:
            loads = []
            for first in range(0, each * gateways, each):
                node, live, _ = cluster.node("gateway")
                processes.enter_context(node)
                loads.append(processes.enter_context(self.subscribers(live, first, each, port, core="1")))
                loads[-1].open(0, each)
            caller = Caller(self, port)
            for number in range(-SENT // 10, SENT):
                if number == 0:                                         # what was before has warmed
                    time.sleep(1)
                    seen, used, due = [load.stats()["frames"] for load in loads], self.cpu([sender]), time.monotonic()
                if number >= 0:
                    due += 1 / PACE
                    time.sleep(max(due - time.monotonic(), 0))
                self.post(caller)
            used = self.cpu([sender]) - used
            time.sleep(1)
            for load, frames in zip(loads, seen):
                if load.stats()["frames"] < frames + SENT * each:
                    sys.exit("a gateway did not get every post")
        return used / SENT * 1e6

    def post(self, caller):
        return caller.call("send_official_account_msg", {
            "Official_Account": BIG, "Random": time.time_ns() // 1000 % 4_000_000_000,
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": ("Ferry 7 is 20 min late. " * 9)[:200]}}]})[0]
