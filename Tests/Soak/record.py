"""What was acknowledged, by whom and when: what the sessions and the webhooks are compared with."""
import zlib
from dataclasses import dataclass, field

FILLING = "The ferry is late, and the harbour is quiet. "


def text_of(number, size):
    """The text of a post: of that number, that long."""
    head = f"post {number} "
    return (head + FILLING * (size // len(FILLING) + 1))[:max(size, len(head))]


def content(key, own_data, text):
    """Key, own data and text of a post in one number, as Tests/Soak/client/protocol.c makes it."""
    return zlib.crc32(f"{key}\n{own_data}\n{text}\n".encode())


@dataclass
class Post:
    seq: int
    key: str
    time: int
    content: int
    is_online_only: bool
    # Nanoseconds of the monotonic clock.
    sent: int
    acknowledged: int


@dataclass
class Change:
    """A user who was subscribed, or unsubscribed, by the backend."""

    user: str
    is_coming: bool
    sent: int
    acknowledged: int


@dataclass
class OfChannel:
    # By MsgSeq.
    posts: dict = field(default_factory=dict)
    # MsgKeys of recalled posts.
    recalls: list = field(default_factory=list)
    # Introductions that its profile has had.
    edits: list = field(default_factory=list)
    changes: list = field(default_factory=list)

    @property
    def head(self):
        return len(self.posts), len(self.posts) + len(self.recalls) + len(self.edits)


class Record:
    def __init__(self, plan):
        self.plan = plan
        self.channels = [OfChannel() for _ in plan.channels]
        self.problems = []
        # How long REST calls took, in seconds, since the last sample.
        self.took = []
        self.calls = self.reads = self.retried = 0

    def problem(self, text):
        self.problems.append(text)

    @property
    def posts(self):
        return sum(len(channel.posts) for channel in self.channels)
