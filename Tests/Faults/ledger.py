"""What was acknowledged: what must be there, once, whatever happens."""
import time
from dataclasses import dataclass, field


@dataclass
class Post:
    text: str
    key: str
    # When the acknowledgement came.
    at: float = field(default_factory=time.monotonic)

    @property
    def seq(self):
        return int(self.key.split("_")[0])


@dataclass
class Ledger:
    """Of one application."""

    # By channel, in the order of the acknowledgements.
    posts: dict = field(default_factory=dict)
    channels: list = field(default_factory=list)
    # By channel, who subscribes now.
    subscribers: dict = field(default_factory=dict)
    subscribed: int = 0
    unsubscribed: int = 0

    @property
    def writes(self):
        return sum(map(len, self.posts.values())) + len(self.channels) + self.subscribed + self.unsubscribed
