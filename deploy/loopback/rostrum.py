"""A node of Rostrum, started as deploy/systemd/rostrum@.service says."""
import os
import pathlib
import urllib.error
import urllib.request

from .programs import Failed, Program, preloadable
from .unit import Unit, filled_in, settings


def skewed(seconds, directory):
    """The environment in which a program's clock is so far ahead."""
    library = preloadable(pathlib.Path(__file__).with_name("clock.c"), directory)
    return {"LD_PRELOAD": library, "ROSTRUM_CLOCK_AHEAD": str(seconds)}


class Node(Program):
    """Its settings stand in etc/rostrum/NAME.env, which is the sample filled in."""

    def __init__(self, name, deploy, directory, binary, values, place=None, clock_ahead=0):
        systemd = deploy / "systemd"
        self.unit = Unit(systemd / "rostrum@.service", name)
        self.settings_file = directory / self.unit.environment_file.lstrip("/")
        self.settings_file.parent.mkdir(parents=True, exist_ok=True)
        self.settings_file.touch(mode=0o600)
        self.settings_file.write_text(filled_in((systemd / "node.env").read_text(), values))
        self.settings = dict(settings(self.settings_file.read_text()))
        self.host, self.port = self.settings["ROSTRUM_HOST"], int(self.settings["ROSTRUM_PORT"])
        self.admin = f"{self.settings['ROSTRUM_ADMIN_HOST']}:{self.settings['ROSTRUM_ADMIN_PORT']}"
        # Only what the file says: systemd hands down nothing of anybody's shell.
        environment = {"PATH": os.environ["PATH"], **self.settings}
        if clock_ahead:
            environment |= skewed(clock_ahead, directory)
        words = [binary, *self.unit.words[1:]]
        super().__init__(name, words, directory / f"{name}.log", environment, place=place)

    def look(self, path, seconds=5):
        """The status and the body of a page of its admin port; (0, "") when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=seconds) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except OSError:
            return 0, ""

    def wait_until_ready(self):
        self.wait_until(lambda: self.look("/readyz")[0] == 200, f"{self.name} is ready")

    def stop(self, number=None, seconds=None):
        """As systemd would. A node that was asked to stop and ends with an error has failed."""
        was_running = self.is_running
        super().stop(number or self.unit.kill_signal, seconds or self.unit.seconds_to_stop)
        if was_running and self.process.returncode:
            raise Failed(f"{self.name} ended with status {self.process.returncode}: {self.tail()}")

    def restart(self):
        self.stop()
        self.start()
        self.wait_until_ready()
