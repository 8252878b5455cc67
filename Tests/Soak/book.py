"""What the subscribers have written down, and what happened in each channel."""
import bisect
import itertools
from collections import Counter
from dataclasses import dataclass, field

POST, RECALL, CHANGE = 1, 2, 3


@dataclass
class SeenPost:
    event: int
    is_online_only: int
    content: int
    live: int
    last_live: int


@dataclass
class Tenure:
    session: int
    channel: int
    start: int
    start_event: int
    seq: int
    event: int
    live: int
    late: int
    recalls: int
    changes: int
    is_held: int
    asked: int
    began: int
    asked_end: int
    ended: int
    resumes: list = field(default_factory=list)
    reloads: list = field(default_factory=list)


@dataclass
class Resume:
    seq: int
    to_seq: int
    event: int
    to_event: int
    messages: int
    online_only: int
    recalls: int
    changes: int
    has_more: int


@dataclass
class Reload:
    """A reader who had fallen too far behind was told to read this from the history."""

    seq: int
    to_seq: int
    event: int
    to_event: int


class Book:
    """What the subscribers have written down."""

    def __init__(self, lines=()):
        self.posts, self.events, self.tenures, self.gaps = {}, {}, [], []
        for kind, *numbers in map(str.split, lines):
            numbers = list(map(int, numbers))
            if kind == "P":
                self.posts[numbers[0], numbers[1]] = SeenPost(*numbers[2:])
            elif kind == "E":
                self.events.setdefault(numbers[0], []).append(tuple(numbers[1:]))
            elif kind == "T":
                self.tenures.append(Tenure(*numbers))
            elif kind == "R":
                self.tenures[numbers[0]].resumes.append(Resume(*numbers[1:]))
            elif kind == "L":
                self.tenures[numbers[0]].reloads.append(Reload(*numbers[1:]))
            elif kind == "G":
                self.gaps.append(numbers)


class Course:
    """What happened in a channel, ready to be counted between two positions."""

    def __init__(self, number, of, book, verdict):
        name = f"channel {number}"
        seqs = sorted(of.posts)
        if seqs != list(range(1, len(seqs) + 1)):
            verdict.problems.append(f"{name} has {len(seqs)} acknowledged posts up to {seqs[-1]}")
        self.head, self.head_event = of.head
        self.online_only = [seq for seq in seqs if of.posts[seq].is_online_only]
        events = book.events.get(number, [])
        self.recalls = sorted((event, seq) for event, kind, seq in events if kind == RECALL)
        self.changes = sorted(event for event, kind, _ in events if kind == CHANGE)
        self.recall_events = [event for event, _ in self.recalls]
        recalled = Counter(seq for _, seq in self.recalls)
        acknowledged = Counter(int(key.split("_")[0]) for key in of.recalls)
        if recalled != acknowledged:
            verdict.problems.append(f"{name}: recalled were {sorted(acknowledged)}, told was of {sorted(recalled)}")
        if len(self.changes) < len(of.edits):
            # An earlier one of two is not told to who was away; all who are there are told of each.
            verdict.problems.append(f"{name}: {len(of.edits)} edits, and {len(self.changes)} were told")
        for seq, post in of.posts.items():
            seen = book.posts.get((number, seq))
            if seen and (seen.content, seen.is_online_only) != (post.content, post.is_online_only):
                verdict.problems.append(f"{name}: post {seq} came with another content")
        for channel, seq in book.posts:
            if channel == number and seq not in of.posts:
                verdict.add("doubled", 1, f"{name}: nobody posted {seq}")
        by_time = sorted((post.acknowledged, seq) for seq, post in of.posts.items())
        self.times = [time for time, _ in by_time]
        self.heads = list(itertools.accumulate((seq for _, seq in by_time), max))
        self.sent = {seq: post.sent for seq, post in of.posts.items()}

    def acknowledged_before(self, time):
        """The newest post of which that is true."""
        place = bisect.bisect_left(self.times, time)
        return self.heads[place - 1] if place else 0

    def online_only_between(self, seq, to_seq):
        return between(self.online_only, seq, to_seq)

    def recalls_between(self, event, to_event):
        return between(self.recall_events, event, to_event)

    def changes_between(self, event, to_event):
        return between(self.changes, event, to_event)

    def recalled_posts(self, seq, to_seq, to_event):
        """Of the stored posts in between those that were recalled up to an event."""
        return sum(seq < recalled <= to_seq for event, recalled in self.recalls if event <= to_event)


def between(numbers, first, last):
    """How many lie behind the first and not behind the last."""
    return bisect.bisect_right(numbers, last) - bisect.bisect_right(numbers, first)
