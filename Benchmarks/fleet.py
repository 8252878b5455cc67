"""The load of the live suite: subscribers in a C program of its own (live/), and calls of the REST API meanwhile."""
import http.client
import json
import os
import subprocess
import sys
import threading
import time

from harness import Caller, Process

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "live")
# A server may limit what comes from one address: 15,000 sessions at once are 60 from each.
ADDRESSES = 250


def compiled(directory, name, *sources):
    """The path of a program made of C sources of live/."""
    program = os.path.join(directory, name)
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", program,
                    *(os.path.join(SOURCES, source) for source in sources)], check=True)
    return program


class Subscribers(Process):
    """Up to so many WebSocket sessions on the client's core; live/subscribers.c says what the commands answer."""

    def __init__(self, program, port, paths, sessions, log, core=1, post_port=None):
        super().__init__([program, str(port), paths, str(sessions), str(ADDRESSES), str(post_port or port)], None, log,
                         core, stdin=subprocess.PIPE)

    def ask(self, command, seconds):
        """The answer to a command, which the program itself ends after so many seconds."""
        self.tell(command)
        return self.answer(command, seconds)

    def tell(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            sys.exit("the load has ended")

    def answer(self, command, seconds):
        answer = self.line(seconds + 15)
        return json.loads(answer) if answer else sys.exit(f"the load did not answer: {command}")

    def attempt(self, first, count, window=256, seconds=60):
        """Opens sessions; says what became of them."""
        return self.ask(f"open {first} {count} {window} {seconds}", seconds)

    def open(self, first, count):
        """Opens sessions, all of them; returns how many a second."""
        return self.rate(count, self.attempt(first, count))

    def begin(self, first, count, seconds):
        """Begins to open sessions; `finish` waits until all of them are there."""
        self.tell(f"open {first} {count} 256 {seconds}")
        self.seconds = seconds

    def finish(self, count):
        return self.rate(count, self.answer("open", self.seconds))

    @staticmethod
    def rate(count, answer):
        if answer["opened"] != count:
            sys.exit(f"not every session could be opened: {answer}")
        return count / answer["seconds"]

    def round(self, requests, posts, each):
        """Sends posts, one after the other, that so many sessions get; exactly once, and nothing else."""
        before = self.stats()
        answer = self.ask(f"round {requests} {posts} {each} 60", 60)
        after = self.stats()
        if (answer["fault"] or answer["delivered"] != posts * each or answer["twice"] or after["lost"]
                or after["others"] != before["others"]):
            sys.exit(f"not every session got every post once: {answer}, {after}")
        return answer

    def expect(self):
        """From now on a post is awaited that somebody else sends."""
        self.ask("expect", 5)

    def arrivals(self, count):
        """When each of so many sessions got it, in microseconds of the monotonic clock."""
        answer = self.ask(f"await {count} 60", 60)
        if answer["fault"]:
            sys.exit(f"not every session got the post: {answer['fault']}")
        return [answer["began"] / 1000 + arrival for arrival in answer["arrivals"]]

    def close(self, first, count):
        return self.ask(f"close {first} {count}", 30)

    def stats(self):
        return self.ask("stats", 5)


class Reads:
    """So many calls a second that read a channel, by eight connections, for as long as the block runs.

    A call is timed from the moment at which it was due, so that one that is slow does not hide the wait of the next.
    """

    CONNECTIONS = 8

    def __init__(self, bench, port, channel, per_second):
        self.body = {"OfficialAccountIdList": [{"Official_Account": channel}]}
        self.pause = self.CONNECTIONS / per_second
        self.milliseconds, self.errors, self.over = [], [], threading.Event()
        self.callers = [Caller(bench, port) for _ in range(self.CONNECTIONS)]
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(self.CONNECTIONS)]

    def __enter__(self):
        for caller in self.callers:
            caller.call("get_official_account_info", self.body)
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def work(self, number):
        due = time.perf_counter() + self.pause * number / self.CONNECTIONS
        while not self.over.wait(max(due - time.perf_counter(), 0)):
            try:
                self.callers[number].call("get_official_account_info", self.body)
                self.milliseconds.append((time.perf_counter() - due) * 1000)
            except (SystemExit, OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                self.callers[number].connection.close()
            due += self.pause

    def p99(self):
        if not self.milliseconds:
            sys.exit(f"no read was answered: {self.errors[:3]}")
        return sorted(self.milliseconds)[-1 - len(self.milliseconds) // 100]
