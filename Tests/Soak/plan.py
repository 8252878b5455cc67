"""Who there is, who subscribes to what, and how often each kind of thing is done."""
import random
from dataclasses import dataclass, field

PLAIN, OWN, REST, SLOW = "p", "s", "r", "l"
LARGE, BUSY, SMALL = "large", "busy", "small"
# Of a hundred sessions so many of each kind, and so many that are a user's second device.
SHARES = {OWN: 15, REST: 10, SLOW: 3}
SECOND_DEVICES = 4
# Channels to which half of all subscribe; of the small ones each has about fifty subscribers.
LARGE_CHANNELS, PEOPLE_OF_A_SMALL_ONE = 4, 50
# Of a hundred posts so many go to the large ones and to the busy one, which has long posts and slow readers.
POSTS = {LARGE: 11, BUSY: 15}
PLATFORMS = ("Web", "iOS", "Android", "Windows")
BUSY_BYTES, LARGE_BYTES, SMALL_BYTES = 6000, 400, 200


@dataclass
class Channel:
    number: int
    kind: str
    # Users, as they are at the beginning.
    subscribers: list = field(default_factory=list)

    @property
    def name(self):
        return f"@TOA#_soak_{self.number:03}"


@dataclass
class Member:
    """A session."""

    number: int
    user: str
    kind: str
    platform: str


class Plan:
    """All of it follows from the seed."""

    def __init__(self, sessions, seed):
        self.random = random.Random(f"{seed} plan")
        small = max(4, min(990, sessions * 2 // PEOPLE_OF_A_SMALL_ONE))
        kinds = [LARGE] * LARGE_CHANNELS + [BUSY] + [SMALL] * small
        self.channels = [Channel(number, kind) for number, kind in enumerate(kinds)]
        self.members = []
        for number in range(sessions):
            kind = self.kind_of(number)
            again = kind == PLAIN and number % 100 >= 100 - SECOND_DEVICES
            # Its user has had a session already.
            first = number - number % 100 + sum(SHARES.values())
            user = self.members[first + number % 10].user if again else f"user{number}"
            self.members.append(Member(number, user, kind, PLATFORMS[number % 4 if not again else (number + 1) % 4]))
        self.users = {member.user: member.kind for member in self.members}
        for user, kind in self.users.items():
            self.subscribe(user, kind)

    @staticmethod
    def kind_of(number):
        place = number % 100
        for kind, share in SHARES.items():
            if place < share:
                return kind
            place -= share
        return PLAIN

    def subscribe(self, user, kind):
        some = self.random.sample(self.channels[LARGE_CHANNELS + 1:], 2)
        if kind in (PLAIN, SLOW):
            some += [channel for channel in self.channels[:LARGE_CHANNELS] if self.random.random() < 0.5]
        # Some who read at once are there with the slow ones.
        if kind == SLOW or (kind == PLAIN and self.random.random() < 0.02):
            some.append(self.channels[LARGE_CHANNELS])
        for channel in some:
            channel.subscribers.append(user)

    def channel_for_post(self, chooser):
        share = chooser.random() * 100
        if share < POSTS[LARGE]:
            return self.channels[chooser.randrange(LARGE_CHANNELS)]
        if share < POSTS[LARGE] + POSTS[BUSY]:
            return self.channels[LARGE_CHANNELS]
        return chooser.choice(self.channels[LARGE_CHANNELS + 1:])

    def of_kind(self, kind):
        return [member for member in self.members if member.kind == kind]


def size_of_post(channel, chooser):
    most = {LARGE: LARGE_BYTES, BUSY: BUSY_BYTES, SMALL: SMALL_BYTES}[channel.kind]
    return chooser.randrange(most // 2, most)
