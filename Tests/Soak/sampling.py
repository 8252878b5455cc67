"""What the server's process uses, second by second, beside what its clients count: a line of CSV each."""
import asyncio
import csv
import os
import pathlib
import time

COLUMNS = ["second", "resident_mb", "heap_mb", "pages_mb", "descriptors", "threads", "cpu_percent", "data_mb", "sessions",
           "receipts", "resumed", "logins", "lags", "posts", "calls", "rest_p50_ms", "rest_p99_ms", "webhooks",
           "webhook_repeats"]
MB = 1 << 20


def percentile(values, share):
    """In a sorted list; 0 of none."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def size_of(directory):
    total = 0
    for path in pathlib.Path(directory).rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # it went meanwhile
            pass
    return total


class Sampler:
    def __init__(self, pid, heap, file, data):
        self.proc, self.heap, self.file, self.data = pathlib.Path(f"/proc/{pid}"), heap, file, data
        self.samples, self.began, self.cpu_before = [], time.monotonic(), None

    def process(self):
        """Resident bytes, descriptors, threads, seconds of CPU."""
        fields = (self.proc / "stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        resident = int((self.proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return resident, len(os.listdir(self.proc / "fd")), int(fields[17]), cpu

    async def run(self, subscribers, record, receiver):
        with open(self.file, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            due = time.monotonic()
            while True:
                sample = await self.sample(subscribers, record, receiver)
                writer.writerow(sample)
                file.flush()
                self.samples.append(sample)
                due = max(due + 1, time.monotonic())
                await asyncio.sleep(due - time.monotonic())

    async def sample(self, subscribers, record, receiver):
        stats = await subscribers.stats()
        at = time.monotonic()
        resident, descriptors, threads, cpu = self.process()
        heap, pages = self.heap.used()
        before, self.cpu_before = self.cpu_before, (at, cpu)
        took = sorted(record.took)
        record.took.clear()
        return {
            "second": round(at - self.began, 1), "resident_mb": round(resident / MB, 2),
            "heap_mb": round((heap - pages) / MB, 2), "pages_mb": round(pages / MB, 2),
            "descriptors": descriptors, "threads": threads,
            "cpu_percent": round((cpu - before[1]) / (at - before[0]) * 100, 1) if before else 0,
            "data_mb": round(size_of(self.data) / MB, 1), "sessions": stats["ready"], "receipts": stats["receipts"],
            "resumed": stats["resumed"], "logins": stats["opened"], "lags": stats["lags"], "posts": record.posts,
            "calls": record.calls, "rest_p50_ms": round(percentile(took, 0.5) * 1000, 2),
            "rest_p99_ms": round(percentile(took, 0.99) * 1000, 2), "webhooks": len(receiver.deliveries),
            "webhook_repeats": receiver.repeats,
        }


def delivery_times(record, book, began, step=5):
    """How long posts took from the call to the last session that was there: for each few seconds their number, median,
    99th percentile and longest, in ms."""
    steps = {}
    for number, channel in enumerate(record.channels):
        for seq, post in channel.posts.items():
            seen = book.posts.get((number, seq))
            if seen and seen.live:
                place = int((post.sent / 1e9 - began) // step)
                steps.setdefault(place, []).append((seen.last_live - post.sent) / 1e6)
    rows = []
    for place, times in sorted(steps.items()):
        times.sort()
        rows.append({"second": (place + 1) * step, "posts": len(times), "p50_ms": round(percentile(times, 0.5), 2),
                     "p99_ms": round(percentile(times, 0.99), 2), "longest_ms": round(times[-1], 2)})
    return rows
