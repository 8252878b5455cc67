"""The ways in which a server is ended, and how it shows that it was."""
import os
import signal
import time
from dataclasses import dataclass

from loopback.programs import wait_until

from disk import FailingDisk, FileSystem, ForgetfulDisk
from installation import APPLICATION, OnSQLite
from postgres import OnPostgres
from scene import felt, standing_still

# A disk that is small enough to be filled in a moment, in MiB.
SQLITE_DISK, POSTGRESQL_DISK = 64, 320


@dataclass
class Fault:
    name: str
    # One round: breaks something, and looks at what is there then.
    act: object
    kind: type = OnSQLite
    disk: type = None
    is_quick: bool = False
    # A round that takes longer than others gets more of the time.
    weight: int = 1
    # Whether backends write meanwhile, and whether what was written has to be lost with the power.
    is_loaded: bool = True
    takes_pages: bool = False

    @property
    def needs_mounts(self):
        return self.disk is FileSystem

    def unfelt(self, scene):
        """What has not shown yet, in all rounds: a fault that met nothing proves nothing."""
        lacking = []
        if self.is_loaded and not scene.load.total("acknowledged"):
            lacking.append(f"nothing was acknowledged in {scene.rounds} rounds")
        if self.takes_pages and not scene.lost_pages:
            lacking.append(f"no page was lost in {scene.rounds} rounds")
        return lacking


# Processes.

def kill(scene):
    scene.work(0.05, 1.5)
    scene.kill()
    scene.come_back()


def kill_while_starting(scene):
    """The second crash meets a server that is repairing what the first has left."""
    scene.work(0.05, 0.6)
    scene.kill()
    for _ in range(scene.random.randint(1, 4)):
        scene.installation.server.start()
        time.sleep(scene.random.uniform(0.005, 0.12))
        scene.installation.kill()
    scene.come_back()


def kill_beside_command(scene):
    """An operator's command writes to the same storage; the server is killed, or the command, or both."""
    scene.work(0.02, 0.3)
    name = f"name {scene.rounds}"
    command = scene.installation.begin("app", "set", APPLICATION, "--name", name)
    time.sleep(scene.random.uniform(0, 0.12))
    victims = scene.random.choice(("server", "command", "both"))
    if victims != "server":
        command.kill()
    if victims != "command":
        scene.kill()
    is_acknowledged = command.wait(30) == 0
    if victims == "command":
        scene.kill()
    scene.come_back()
    found = scene.installation.application()["name"]
    felt(found == name or (found == scene.name and not is_acknowledged),
         f"the application was named {name} after {scene.name}, acknowledged: {is_acknowledged}; it is {found}")
    scene.name = found


def stop(scene):
    """Asked to end, a server may answer that it does: what it has acknowledged counts."""
    scene.work(0.05, 1)
    scene.installation.stop()
    scene.load.halt()
    scene.come_back()


# The disk's memory.

def cut_power_in_first_start():
    """A storage that was not made to its end is made to its end by the next start."""
    # How long such a start takes on this machine, from the first byte that it writes.
    seconds = None

    def act(scene):
        nonlocal seconds
        place = scene.installation.directory / f"first{scene.rounds}"
        place.mkdir()
        disk = ForgetfulDisk(place, place / "data")
        first = OnSQLite(scene.installation.binary, place, preload=disk.environment)
        first.server.start()
        wait_until(disk.journal.exists, "something of the storage is written", pause=0.001)
        if seconds is None:
            began = time.monotonic()
            first.wait_until_ready()
            seconds = time.monotonic() - began
        else:
            time.sleep(scene.random.uniform(0, seconds))
        first.kill()
        scene.cut_power(disk)
        first.start()
        first.command("app", "create", APPLICATION, "--key", first.key, "--admin", "administrator")
        first.kill()
        wrong = first.integrity()
        felt(not wrong, wrong)

    return act


def cut_power(scene):
    scene.work(0.05, 1.5)
    scene.kill()
    scene.cut_power()
    scene.come_back()


def fail_syncs(then):
    def act(scene):
        scene.work(0.05, 0.7)
        scene.disk.fail()
        scene.wait_for_refusals()
        if scene.random.random() < 0.5:
            time.sleep(scene.random.uniform(0, 0.5))
        scene.demand_words("reading or writing the file failed")
        then(scene)
    return act


def go_on(scene):
    scene.disk.mend()
    scene.work(0.1, 0.7)
    scene.look()


def lose_power(scene):
    if scene.random.random() < 0.5:
        scene.disk.mend()
        time.sleep(scene.random.uniform(0, 0.5))
    scene.kill()
    scene.disk.mend()
    scene.cut_power()
    scene.come_back()


def die_with_it(scene):
    """The machine goes on: what the kernel has in memory is there, also what was refused for want of a sync."""
    scene.kill()
    scene.disk.mend()
    scene.come_back()


# File systems.

def fill(scene):
    """Without room nothing is acknowledged; with room again, nobody needs to do anything."""
    scene.work(0.05, 0.5)
    scene.disk.fill(left=scene.random.choice((0, 0, 4096, 65536)))
    scene.wait_for_refusals()
    scene.demand_words("the disk is full")
    scene.disk.make_room()
    scene.work(0.3, 0.8)
    scene.look()


def die_on_full_disk(scene):
    scene.work(0.05, 0.5)
    scene.disk.fill()
    scene.wait_for_refusals()
    scene.kill()
    scene.listen()
    scene.installation.server.start()
    time.sleep(scene.random.uniform(0.1, 0.5))
    if not scene.installation.server.is_running:
        scene.demand_words("the disk is full")
    scene.installation.kill()
    scene.disk.make_room()
    scene.come_back()


def meet_error(scene, writer):
    with standing_still(writer):
        scene.disk.meet_error()


def become_read_only(scene):
    scene.work(0.05, 0.7)
    meet_error(scene, scene.installation.server)
    scene.wait_for_refusals()
    felt(not scene.disk.is_writable, "the file system can still be written")
    scene.kill()
    scene.listen()
    scene.installation.server.start()
    status = scene.installation.ends_by_itself(3)
    felt(status, "a server started on what cannot be written")
    scene.demand_words("cannot be written", "Read-only file system")
    scene.disk.mend()
    scene.come_back()


def cut_power_of_file_system(scene):
    scene.work(0.05, 1)
    with standing_still(scene.installation.server):
        scene.disk.cut_power()
        scene.kill()
    scene.disk.mend()
    scene.come_back()


# PostgreSQL.

def outlive(scene):
    """Goes on behind an outage, until no call is refused for it: each session of the server tries anew every 2 s."""
    scene.work(2.2, 3)
    scene.look()


def kill_postgresql(scene):
    scene.work(0.1, 1.5)
    scene.installation.database.kill()
    time.sleep(scene.random.uniform(0.05, 0.5))
    scene.installation.start_database()
    outlive(scene)


def kill_both(scene):
    scene.work(0.1, 1.5)
    scene.installation.database.kill()
    scene.kill()
    scene.installation.start_database()
    scene.come_back()


def fill_postgresql(scene):
    scene.work(0.1, 0.5)
    scene.disk.fill()
    scene.wait_for_refusals(seconds=30)
    scene.disk.make_room()
    scene.installation.start_database()
    outlive(scene)


def fail_syncs_of_postgresql(scene):
    """PostgreSQL ends its sessions and itself by the first sync that fails, and as long as they fail it does not start."""
    scene.work(0.1, 0.7)
    log = scene.installation.database.log
    heard = log.stat().st_size
    scene.disk.fail()
    scene.wait_for_refusals(seconds=30)
    felt(b"could not fsync" in log.read_bytes()[heard:], "PostgreSQL says nothing of a sync that failed")
    time.sleep(scene.random.uniform(0, 0.5))
    is_killed = scene.random.random() < 0.5
    if is_killed:
        scene.kill()
    scene.disk.mend()
    scene.installation.start_database()
    if is_killed:
        scene.come_back()
    else:
        outlive(scene)


def make_postgresql_read_only(scene):
    scene.work(0.1, 0.7)
    meet_error(scene, scene.installation.database)
    scene.wait_for_refusals(seconds=30)
    felt(not scene.disk.is_writable, "the file system can still be written")
    scene.installation.database.kill()
    scene.disk.mend()
    scene.installation.start_database()
    outlive(scene)


def cut_power_of_postgresql(scene):
    scene.work(0.1, 1)
    with standing_still(scene.installation.database) as everybody:
        scene.disk.cut_power()
        for pid in everybody[1:]:
            os.kill(pid, signal.SIGKILL)
        scene.installation.database.kill()
        scene.kill()
    scene.disk.mend()
    scene.installation.start_database()
    scene.come_back()


FAULTS = [
    Fault("killed", kill, is_quick=True),
    Fault("killed, and again while it starts", kill_while_starting),
    Fault("killed beside an operator's command", kill_beside_command),
    Fault("stopped by SIGTERM", stop),
    Fault("power cut (simulated)", cut_power, disk=ForgetfulDisk, is_quick=True, takes_pages=True),
    Fault("power cut in its first start (simulated)", cut_power_in_first_start(), is_loaded=False, takes_pages=True),
    Fault("sync fails, then works again", fail_syncs(go_on), disk=ForgetfulDisk),
    Fault("sync fails, then power cut (simulated)", fail_syncs(lose_power), disk=ForgetfulDisk, is_quick=True,
          takes_pages=True),
    Fault("sync fails, then killed", fail_syncs(die_with_it), disk=ForgetfulDisk),
    Fault("disk full, then room again", fill, disk=FileSystem),
    Fault("disk full, killed, started without room", die_on_full_disk, disk=FileSystem),
    Fault("file system turns read-only", become_read_only, disk=FileSystem),
    Fault("power cut of the file system", cut_power_of_file_system, disk=FileSystem),
    Fault("PostgreSQL: server killed", kill, kind=OnPostgres, weight=2),
    Fault("PostgreSQL: killed beside an operator's command", kill_beside_command, kind=OnPostgres),
    Fault("PostgreSQL: postmaster killed", kill_postgresql, kind=OnPostgres, weight=2),
    Fault("PostgreSQL: postmaster and server killed", kill_both, kind=OnPostgres, weight=2),
    Fault("PostgreSQL: disk full", fill_postgresql, kind=OnPostgres, disk=FileSystem, weight=2),
    Fault("PostgreSQL: sync fails, then works again", fail_syncs_of_postgresql, kind=OnPostgres, disk=FailingDisk, weight=2),
    Fault("PostgreSQL: file system turns read-only", make_postgresql_read_only, kind=OnPostgres, disk=FileSystem,
          weight=2),
    Fault("PostgreSQL: power cut of the file system", cut_power_of_postgresql, kind=OnPostgres, disk=FileSystem, weight=2),
]
