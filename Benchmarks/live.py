"""Live subscribers: fan-out beside the least that it can cost and beside nchan; many channels, connecting, memory."""
import asyncio
import os
import ssl
import statistics
import subprocess
import sys
import time

from contenders import Epoll, Nchan, Rostrum
from fleet import ADDRESSES, Reads, Subscribers, compiled
from harness import Bench

BIG = "@TOA#_big"
CHANNELS, EACH, SPREAD, STORM, SECURE = 200, 5, 10_000, 15_000, 2_000
# Sessions from which on memory is counted, so that what is there once, whoever connects, is left out.
FEW = 1_000


class Live(Bench):
    HEADER = "| figure | Rostrum | beside | ratio | all rounds | asked |\n|---|--:|--:|--:|---|---|"
    PARTS = ["fanout", "channels", "connecting", "storm", "tls"]

    def run(self):
        os.sched_setaffinity(0, {1})                    # the other core is the server's
        most = max(*self.options.sessions, STORM)
        self.allow_open_files(most)
        self.program = compiled(self.directory, "subscribers", "subscribers.c", "session.c", "poster.c", "frames.c")
        self.ours = Rostrum(self, most)
        for part in self.parts():
            getattr(self, part)()

    def row(self, name, ours, beside=None, asked="", form="{:.2f}"):
        """A row: medians, and the ratio of each round."""
        median = [form.format(statistics.median(values)) if values else "" for values in (ours, beside)]
        ratios = [mine / other for mine, other in zip(ours, beside)] if beside else []
        rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios) or ", ".join(map(form.format, ours))
        ratio = f"{statistics.median(ratios):.2f}" if ratios else ""
        print(f"| {name} | {median[0]} | {median[1]} | {ratio} | {rounds} | {asked} |", flush=True)

    def subscribers(self, contender, port, sessions):
        return Subscribers(self.program, port, contender.paths, sessions, self.log)

    # Fan-out.

    def fanout(self):
        self.ours.data = os.path.join(self.directory, "one")
        self.tool("seed-subscribers", "--data-dir", self.ours.data, "--channel", BIG, "--accounts",
                  max(self.options.sessions), "--subscribers", max(self.options.sessions))
        self.ours.posts = self.ours.posts_to("big", [BIG])
        epoll, nchan = Epoll(self), Nchan(self)
        for sessions in self.options.sessions:
            rounds = []
            for number in range(self.options.rounds):
                self.say(f"fan-out to {sessions:,}, round {number + 1} of {self.options.rounds}")
                figures = {"ours": self.measure(self.ours, sessions)}
                for contender in (epoll, nchan):
                    contender.post_bytes(figures["ours"]["bytes"])
                    figures[contender.name] = self.measure(contender, sessions)
                rounds.append(figures)
            self.fanout_rows(f"{sessions:,}", rounds)

    def measure(self, contender, sessions):
        process, port = contender.start()
        with process, self.subscribers(contender, port, sessions) as load:
            few = min(FEW, sessions // 2)
            load.open(0, few)
            load.round(contender.posts, 2, few)
            time.sleep(1)
            before = process.resident_mebibytes()
            opened = load.open(few, sessions - few)
            time.sleep(2)
            memory = (process.resident_mebibytes() - before) * 1024 * 1024 / (sessions - few)
            load.round(contender.posts, 2, sessions)                    # warm
            cpu, answer = self.timed(process, lambda: load.round(contender.posts, self.options.posts, sessions))
            delivered = answer["delivered"]
            return {"rate": delivered / sum(cpu), "user": cpu[0] / delivered * 1e6, "memory": memory,
                    "opened": opened, "bytes": (answer["shortest"] + answer["longest"]) // 2,
                    **{name: statistics.median(post[place] for post in answer["each"]) / 1000
                       for place, name in enumerate(("p50", "p99", "last"))}}

    def timed(self, process, work):
        """The server's CPU seconds, in user space and in the kernel, and what the work returns."""
        before = process.cpu_seconds()
        result = work()
        return [after - began for after, began in zip(process.cpu_seconds(), before)], result

    def fanout_rows(self, name, rounds):
        def of(contender, figure):
            return [figures[contender][figure] for figures in rounds]

        self.row(f"{name}: deliveries a CPU second, beside epoll", of("ours", "rate"), of("epoll", "rate"), "≥ 0.9 ×",
                 "{:.0f}")
        self.row(f"{name}: the same, beside nchan", of("ours", "rate"), of("nchan", "rate"), "≥ 1.1 ×", "{:.0f}")
        self.row(f"{name}: nchan, beside epoll", of("nchan", "rate"), of("epoll", "rate"), "", "{:.0f}")
        self.row(f"{name}: CPU in user space a delivery, µs, beside nchan", of("ours", "user"), of("nchan", "user"),
                 "≤ 1.0 µs")
        self.row(f"{name}: bytes an idle connection, beside nchan", of("ours", "memory"), of("nchan", "memory"),
                 "≤ 8,000", "{:.0f}")
        for figure in ("p50", "p99", "last"):
            self.row(f"{name}: one post, {figure}, ms, beside epoll", of("ours", figure), of("epoll", figure))
        self.row(f"{name}: connecting, sessions/s, beside nchan", of("ours", "opened"), of("nchan", "opened"), "",
                 "{:.0f}")

    # Subscriptions spread over many channels.

    def seed_spread(self, name, accounts):
        self.ours.data = os.path.join(self.directory, name)
        self.tool("seed-subscriptions", "--data-dir", self.ours.data, "--accounts", accounts, "--channels", CHANNELS,
                  "--each", EACH)
        return self.ours.posts_to(name, [f"@TOA#_live_{number}" for number in range(CHANNELS)])

    def channels(self):
        """The same sessions in one process: posts to all of the channels in turns with posts to the one of everybody."""
        many = self.seed_spread("spread", SPREAD)
        self.tool("seed-subscribers", "--data-dir", self.ours.data, "--channel", BIG, "--accounts", 0, "--subscribers",
                  SPREAD)
        one, rounds = self.ours.posts_to("big", [BIG]), []
        process, port = self.ours.start()
        with process, self.subscribers(self.ours, port, SPREAD) as load:
            load.open(0, SPREAD)
            for number in range(self.options.rounds + 1):
                figures = []
                for posts, requests, each in ((2 * CHANNELS, many, SPREAD * EACH // CHANNELS), (2 * EACH, one, SPREAD)):
                    cpu, answer = self.timed(process, lambda: load.round(requests, posts, each))
                    figures.append((sum(cpu) / answer["delivered"] * 1e6, answer["seconds"] * 1e6 / answer["delivered"]))
                rounds.append(figures)
        rounds = rounds[1:]                                             # the first one warms
        for place, name, asked in ((0, "CPU", "≤ 1.3 ×"), (1, "time", "")):
            self.row(f"{CHANNELS} channels: {name} a delivery, µs, beside one channel",
                     [figures[0][place] for figures in rounds], [figures[1][place] for figures in rounds], asked)

    # Connecting.

    def connecting(self):
        self.seed_spread("connecting", SPREAD)
        rates, cost = [], []
        for _ in range(self.options.rounds):
            process, port = self.ours.start()                           # afresh: no UserSig was seen before
            with process, self.subscribers(self.ours, port, SPREAD) as load:
                cpu, rate = self.timed(process, lambda: load.open(0, SPREAD))
                rates.append(rate)
                cost.append(sum(cpu) / SPREAD * 1e6)
        self.row(f"connecting with {EACH} subscriptions, sessions/s", rates, asked="≥ 3,000", form="{:.0f}")
        self.row("connecting: CPU a session, µs", cost, form="{:.0f}")

    def storm(self):
        """Everybody is cut off and comes back at once, while the API is read 100 times a second."""
        everywhere = self.seed_spread("storm", STORM)
        settled, p99, errors = [], [], []
        for _ in range(self.options.rounds):
            process, port = self.ours.start()
            with process, self.subscribers(self.ours, port, STORM) as load:
                load.open(0, STORM)
                with Reads(self, port, "@TOA#_live_0", 100) as reads:
                    time.sleep(1)
                    reads.milliseconds.clear()
                    load.close(0, STORM)
                    answer = load.attempt(0, STORM, window=STORM)
                if answer["opened"] == STORM:
                    load.round(everywhere, CHANNELS, STORM * EACH // CHANNELS)
                else:
                    self.say(f"the storm did not settle: {answer}")
                if reads.errors:
                    self.say(f"reads failed: {reads.errors[:3]}")
                settled.append(answer["seconds"])
                p99.append(reads.p99())
                errors.append(STORM - answer["opened"] + load.stats()["lost"] + len(reads.errors))
        self.row(f"storm of {STORM:,}: errors", errors, asked="0", form="{:.0f}")
        self.row(f"storm of {STORM:,}: s until all are back", settled)
        self.row(f"storm of {STORM:,}: REST p99 meanwhile, ms", p99, asked="< 250", form="{:.0f}")

    # TLS.

    def tls(self):
        """Memory of idle connections with TLS and without, by the same client."""
        self.ours.data = os.path.join(self.directory, "secure")
        self.tool("seed-subscribers", "--data-dir", self.ours.data, "--channel", BIG, "--accounts", SECURE,
                  "--subscribers", SECURE)
        certificate, key = (os.path.join(self.directory, name) for name in ("certificate.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=localhost", "-days", "2", "-out", certificate, "-keyout", key],
                       check=True, capture_output=True)
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        with open(self.ours.paths) as file:
            paths = file.read().split()[:SECURE]
        secure, plain = [], []
        for _ in range(self.options.rounds):
            process, port = self.ours.start("--tls-certificate", certificate, "--tls-key", key)
            with process:
                secure.append(asyncio.run(self.held(process, port, paths, context)))
            process, port = self.ours.start()
            with process:
                plain.append(asyncio.run(self.held(process, port, paths, None)))
        self.row(f"{SECURE:,} with TLS: bytes an idle connection, beside plain", secure, plain, form="{:.0f}")

    async def held(self, process, port, paths, context):
        """Bytes of the server that each connection takes, from the first tenth of them on."""
        few, writers = len(paths) // 10, []

        async def open_session(number):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, local_addr=(
                f"127.0.0.{2 + number % ADDRESSES}", 0))
            writer.write((f"GET {paths[number]} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade"
                          "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in head:
                sys.exit(f"a session was refused: {head}")
            writers.append(writer)

        async def open_sessions(numbers):
            for first in range(numbers.start, numbers.stop, 50):
                group = numbers[first - numbers.start:][:50]
                await asyncio.wait_for(asyncio.gather(*map(open_session, group)), 60)
            await asyncio.sleep(2)
            return process.resident_mebibytes()

        before = await open_sessions(range(few))
        after = await open_sessions(range(few, len(paths)))
        for writer in writers:
            writer.transport.abort()
        return (after - before) * 1024 * 1024 / (len(paths) - few)
