"""Delivering queued webhooks, against the same HTTP client in a bare loop; memory with a long queue."""
import subprocess
import time
import urllib.request

from harness import Bench, Process, free_port

CHANNELS = 32


class Webhooks(Bench):
    def run(self):
        rounds = [self.round(number) for number in range(self.options.rounds)]
        self.table(rounds)
        if self.options.large:
            self.memory()

    def receiver(self, delay=0):
        port = free_port()
        process = Process([self.options.tool, "receiver", "--port", str(port), "--delay", str(delay)], None, self.log,
                          core=1)
        self.wait_for(port)
        return process, port

    def received(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as reply:
            return int(reply.read())

    def round(self, number):
        receiver, port = self.receiver()
        try:
            url = f"http://127.0.0.1:{port}/hook"
            bare = float(subprocess.run(
                ["taskset", "-c", "0", self.options.tool, "bare-posts", "--url", url, "--loops", str(CHANNELS),
                 "--seconds", str(self.options.seconds)], capture_output=True, text=True, check=True).stdout)
            path = f"{self.directory}/outbox{number}"
            self.tool("seed-outbox", "--data-dir", path, "--deliveries", 400_000, "--channels", CHANNELS, "--url", url)
            process, _, _ = self.rostrum(path)
            try:
                time.sleep(2)                                   # warm
                began, before = time.monotonic(), self.received(port)
                time.sleep(self.options.seconds)
                rate = (self.received(port) - before) / (time.monotonic() - began)
            finally:
                process.stop()
            return {"bare posts/s": bare, "webhooks/s": rate, "webhooks : bare": rate / bare}
        finally:
            receiver.stop()

    def memory(self):
        """The most MiB while a queue is worked off for 5 s, short and long."""
        sizes = {}
        for queued in (1_000, self.options.large):
            receiver, port = self.receiver(delay=20)            # a backend that takes its time
            try:
                path = f"{self.directory}/queue{queued}"
                self.tool("seed-outbox", "--data-dir", path, "--deliveries", queued, "--channels", CHANNELS, "--url",
                          f"http://127.0.0.1:{port}/hook")
                process, _, _ = self.rostrum(path)
                try:
                    time.sleep(5)
                    sizes[queued] = process.peak_mebibytes()
                finally:
                    process.stop()
            finally:
                receiver.stop()
        few, many = sizes.values()
        print(f"| most MiB with 1,000 queued webhooks | {few:.0f} | |")
        print(f"| most MiB with {self.options.large:,} queued webhooks | {many:.0f} | +{many - few:.0f} |", flush=True)
