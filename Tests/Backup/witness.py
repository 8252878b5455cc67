"""Which moment of an installation a copy of it shows."""
import math
import time
from dataclasses import dataclass

from backend import Moment
from oracle import Territory
from reading import READER, read, standing
from rest import Caller
from talk import Talk
from verdict import differences, without_epochs


@dataclass
class State:
    """A territory, and the span of time in which the original may have had it: an operation that was under way counts as
    done and as not done."""
    territory: Territory
    since: float
    until: float


class Witness:
    """Remembers every state of every backend's territory from its making on, and when it was.

    A copy that was begun later, and was whole before the load came to rest, shows all territories at one of those moments.
    """

    def __init__(self, load):
        # Of the channels of the original, with their names.
        self.load, self.epochs = load, set()
        load.do(self.begin())

    async def begin(self):
        now = time.monotonic()
        for backend in self.load.backends:
            backend.moments = [Moment(backend.territory, now, now)]

    def moments(self):
        """How many states there were behind the first ones: without any, a copy can hardly be wrong."""
        return sum(len(backend.moments) - 1 for backend in self.load.backends)

    def learn_epochs(self, original, application):
        """Asks the original for what nobody can foretell; a copy must have none of it."""
        async def ask():
            async with Talk(application, READER, original.host, original.port) as talk:
                for backend in self.load.backends:
                    self.epochs |= {(item["Official_Account"], item["Epoch"])
                                    for item in await standing(talk, backend.chooser.channels) if "Epoch" in item}
        self.load.do(ask())

    def judge(self, installation, application):
        """What is wrong with the copy that an installation serves. Nobody may be working on the original."""
        async def all_of_them():
            problems, shown, channels = [], {}, {}
            for backend in self.load.backends:
                wrong, shown[backend.name], seen = await judge(backend, installation, application)
                problems += wrong
                channels |= seen["channels"]
            return (problems or apart(shown)) + same_epochs(self.epochs, channels)
        return self.load.do(all_of_them())


def states(moments, pending=None, begun=0.0):
    """Each from the beginning of what made it until what followed was acknowledged."""
    found = [State(one.territory, one.begun, after.settled) for one, after in zip(moments, moments[1:])]
    found.append(State(moments[-1].territory, moments[-1].begun, math.inf))
    if pending:
        found.append(State(pending[1], begun, math.inf))
    return found


async def judge(backend, installation, application):
    """What is wrong with a backend's part of the copy, the states that it shows, and all that was seen."""
    caller = Caller(application, installation.host, installation.port)
    # One that was under way may be in the copy, too.
    known = states(backend.moments, backend.pending, backend.begun)
    territories = [state.territory for state in known]
    names = sorted(set().union(*(territory.accounts.keys() | territory.absent for territory in territories)))
    try:
        seen = await read(caller, application, backend.chooser.channels, names, installation.host, installation.port)
        problems = compare(territories, seen)
    finally:
        caller.close()
    return [f"{backend.name}: {problem}" for problem in problems], shown_by(known, seen), seen


def shown_by(known, seen):
    """Those states that a copy may be of; several are alike, for what is refused changes nothing."""
    seen = without_epochs(seen)
    return [state for state in known if without_epochs(state.territory.view()) == seen]


def apart(shown):
    """Nothing when there was one moment at which every backend's part was as the copy has it: by name, the states of each."""
    # The latest beginning of spans that meet lies in all of them.
    for at in (state.since for of_one in shown.values() for state in of_one):
        if all(any(state.since <= at <= state.until for state in of_one) for of_one in shown.values()):
            return []
    first = min(state.since for of_one in shown.values() for state in of_one)
    spans = {name: ", ".join(f"{state.since - first:.3f} to {state.until - first:.3f} s" for state in of_one[:3])
             for name, of_one in shown.items()}
    return ["the parts are of different moments: " + "; ".join(f"{name}: {span}" for name, span in spans.items())]


def compare(states, seen):
    """Nothing when it is one of these states; else what differs from the one that it is nearest to."""
    seen = without_epochs(seen)
    found = [differences(without_epochs(state.view()), seen) for state in states]
    nearest = min(found, key=len)
    return [f"of {len(states)} moments the nearest differs: {'; '.join(nearest[:5])}"] if nearest else []


def same_epochs(known, channels):
    """A copy is another history, and must not be taken for the one that it was made of."""
    if not any(name in channels for name, _ in known):
        return ["no channel of the copy is there in the original, whose epoch it must not have"]
    return [f"{name} has the epoch of the original" for name, channel in channels.items()
            if (name, channel["epoch"]) in known]
