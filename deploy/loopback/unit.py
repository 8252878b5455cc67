"""Reads what systemd would: units and the environment files that they name."""
import signal


def settings(text):
    """NAME=value or NAME="value" lines without comments and headings; a name that comes again counts again."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";", "[")):
            yield name.strip(), value.strip().strip('"')


class Unit:
    """How a service is started and stopped, for one instance of its unit."""

    def __init__(self, path, instance):
        values = {}
        for name, value in settings(path.read_text()):
            values.setdefault(name, []).append(value.replace("%i", instance))
        self.words = values["ExecStart"][-1].split()
        self.environment_file = values["EnvironmentFile"][-1]
        self.kill_signal = signal.Signals[values["KillSignal"][-1]]
        self.seconds_to_stop = int(values["TimeoutStopSec"][-1])


def filled_in(sample, values):
    """An environment file like the sample, with these values; a name that the sample does not have is an error."""
    known = dict(settings(sample))
    unknown = values.keys() - known.keys()
    assert not unknown, f"the sample has no {', '.join(sorted(unknown))}"
    return "".join(f'{name}="{value}"\n' for name, value in {**known, **values}.items())
