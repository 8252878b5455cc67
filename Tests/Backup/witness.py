"""Which moment of an installation a copy of it shows."""
import copy

from reading import read
from rest import LOGIN, Caller
from verdict import differences


class Witness:
    """Remembers every state of every backend's territory from its making on.

    A copy that was begun later, and was whole before the load came to rest, shows each territory at one of those moments.
    """

    def __init__(self, load):
        self.load = load
        for backend in load.backends:
            backend.moments = [backend.territory]

    def moments(self):
        """How many states there are to tell apart."""
        return sum(len(backend.moments) for backend in self.load.backends)

    def judge(self, installation, application):
        """What is wrong with the copy that an installation serves. Nobody may be working on the original."""
        async def all_of_them():
            return [problem for backend in self.load.backends
                    for problem in await judge(backend, installation, application)]
        return self.load.do(all_of_them())


async def judge(backend, installation, application):
    caller = Caller(application, installation.host, installation.port)
    # One that was under way may be in the copy, too.
    states = [*backend.moments, *([backend.pending[1]] if backend.pending else [])]
    names = sorted(set().union(*(state.accounts.keys() | state.absent for state in states)))
    try:
        seen = await read(caller, application, backend.chooser.channels, names, installation.host, installation.port)
        problems = compare(states, seen)
        if problems and any(state.deleted for state in states):
            # Of a deletion that was under way some subscriptions may be left until the next import.
            await caller.call(f"{LOGIN}/account_import", {"UserID": backend.chooser.owner})
            seen = await read(caller, application, backend.chooser.channels, names, installation.host,
                              installation.port)
            problems = compare(states, seen)
    finally:
        caller.close()
    return [f"{backend.name}: {problem}" for problem in problems + same_epochs(states, seen)]


def compare(states, seen):
    """Nothing when it is one of these states; else what differs from the one that it is nearest to."""
    seen = without_epochs(seen)
    found = [differences(without_epochs(state.view()), seen) for state in states]
    nearest = min(found, key=len)
    return [f"of {len(states)} moments the nearest differs: {'; '.join(nearest[:5])}"] if nearest else []


def same_epochs(states, seen):
    """A copy is another history, and must not be taken for the one that it was made of."""
    known = {(name, channel.epoch) for state in states for name, channel in state.channels.items() if channel.epoch}
    return [f"{name} has the epoch of the original" for name, channel in seen["channels"].items()
            if (name, channel["epoch"]) in known]


def without_epochs(view):
    view = copy.deepcopy(view)
    for channel in view["channels"].values():
        del channel["epoch"]
    return view
