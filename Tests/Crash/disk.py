"""Disks that can be broken: by a preloaded library one that fails and one that forgets at a power cut; one that is a file."""
import fcntl
import os
import pathlib
import struct
import subprocess
import sys

from loopback.programs import Failed, preloadable, wait_until, which

PAGE, SECTOR = 4096, 512
RECORD = struct.Struct("=QQQQ")
# _IOR('X', 125, __u32): the file system does nothing more, and its own journal is not written out either.
SHUTDOWN, WITHOUT_LOG = 0x8004587D, 2


class FailingDisk:
    """Lets the syncs of a directory's files fail, as an fsync does whose device answers no more."""

    def __init__(self, directory, root):
        self.root, self.broken = root, directory / "disk.broken"
        library = preloadable(pathlib.Path(__file__).with_name("disk.c"), directory)
        self.environment = {"LD_PRELOAD": library, "ROSTRUM_DISK_ROOT": str(root),
                            "ROSTRUM_DISK_BROKEN": str(self.broken)}

    def fail(self):
        """From now on every sync fails."""
        self.broken.touch()

    def mend(self):
        self.broken.unlink(missing_ok=True)

    close = mend


class ForgetfulDisk(FailingDisk):
    """Knows what of a directory's files is on disk for good, and takes back the rest.

    Simulated are the contents of files, page by page: those that were not synced are lost, all of them or some, whole
    or in sectors, and those whose sync failed are lost in any case. Names of files are not: a new file stays.
    """

    def __init__(self, directory, root):
        super().__init__(directory, root)
        self.journal = directory / "disk.journal"
        self.environment["ROSTRUM_DISK_JOURNAL"] = str(self.journal)

    def cut_power(self, random):
        """What a machine would find that went off when the server was killed; how many pages were lost."""
        lost = 0
        unsafe = pending(self.journal.read_bytes())
        files = {path.stat().st_ino: path for path in self.root.rglob("*") if path.is_file()}
        share = random.choice((1, 0.5, 0.1))
        for inode, pages in unsafe.items():
            if inode in files:
                lost += forget(files[inode], pages, share, random)
        self.journal.unlink()
        for path in self.root.rglob("*-shm"):
            path.unlink()
        return lost


def pending(journal):
    """Of each file, by its inode, the pages that are not safe: what stood there, and whether their sync failed."""
    files, place = {}, 0
    while place + RECORD.size <= len(journal):
        kind, inode, number, length = RECORD.unpack_from(journal, place)
        data = journal[place + RECORD.size:place + RECORD.size + length]
        pages = files.setdefault(inode, {})
        match chr(kind):
            case "W":
                earlier = pages.get(number)
                pages[number] = Unsafe(earlier.data if earlier else data, place)
            case "S":
                files[inode] = {at: page for at, page in pages.items() if page.is_lost or page.written >= number}
            case "F":
                for page in pages.values():
                    page.is_lost = page.is_lost or page.written < number
        place += RECORD.size + length
    return files


class Unsafe:
    """A page that was written and is not on disk: what is there instead."""

    def __init__(self, data, written):
        self.data, self.written, self.is_lost = data, written, False


def forget(path, pages, share, random):
    """Puts back what stood in those pages that are lost for good, and in a share of the others; how many that were."""
    gone = [number for number, page in sorted(pages.items()) if page.is_lost or random.random() < share]
    with open(path, "r+b") as file:
        for number in gone:
            file.seek(number * PAGE)
            now = file.read(PAGE)
            old = pages[number].data.ljust(len(now), b"\0")
            if not pages[number].is_lost and random.random() < 0.3:
                # A disk writes sectors.
                some = [random.random() < 0.5 for _ in range(0, PAGE, SECTOR)]
                old = b"".join((old if is_old else now)[place * SECTOR:(place + 1) * SECTOR]
                               for place, is_old in enumerate(some))
            file.seek(number * PAGE)
            file.write(old[:len(now)])
        # A file that grew is as short as before where the last pages are gone.
        size = os.fstat(file.fileno()).st_size
        for number in reversed(gone):
            if number != (size - 1) // PAGE or len(pages[number].data) == PAGE:
                break
            size = number * PAGE + len(pages[number].data)
        file.truncate(size)
    return len(gone)


def enter_own_mounts():
    """Runs the script anew where it has mounts of its own, which end with it. Whether it may mount file systems there.

    Besides, nobody else's copy of a mount keeps a file system alive that is to lose its power.
    """
    if os.environ.get("ROSTRUM_OWN_MOUNTS"):
        return True
    trial = [which("unshare"), "--mount", "--", "sh", "-c", "mount -t tmpfs none /mnt && test -w /dev/loop-control"]
    if os.geteuid() or subprocess.run(trial, capture_output=True, check=False).returncode:
        return False
    os.environ["ROSTRUM_OWN_MOUNTS"] = "1"
    sys.stdout.flush()
    os.execv(trial[0], [*trial[:3], sys.executable, *sys.argv])


class FileSystem:
    """An ext4 file system in a file, mounted; it turns read-only when it meets an error, as most are set to."""

    def __init__(self, directory, mebibytes):
        self.image, self.place = directory / "disk.image", directory / "data"
        self.mebibytes, self.filler = mebibytes, self.place / "filler"

    def make(self):
        with open(self.image, "wb") as file:
            file.truncate(self.mebibytes << 20)
        run("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
        self.place.mkdir(mode=0o700, exist_ok=True)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop,errors=remount-ro", self.image, self.place)

    def unmount(self):
        """As soon as the last process is gone that had files there."""
        def is_done():
            try:
                run("umount", self.place)
            except Failed:
                return False
            return True
        wait_until(is_done, f"{self.place} is unmounted")

    def mend(self):
        """Mounts it anew, as a reboot does: the journal is replayed and what is broken is repaired."""
        self.unmount()
        # 1: errors were corrected.
        run("e2fsck", "-p", self.image, allowed=(0, 1))
        self.mount()

    @property
    def is_mounted(self):
        return os.path.ismount(self.place)

    @property
    def is_writable(self):
        trial = self.place / "trial"
        try:
            trial.write_bytes(b"")
            trial.unlink()
        except OSError:
            return False
        return True

    def fill(self, left=0):
        """Leaves so many bytes of room."""
        with open(self.filler, "ab") as file:
            for size in (1 << 20, 4096, 1):
                while self.room() >= left + size and self.grow(file, size):
                    pass

    @staticmethod
    def grow(file, size):
        try:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
            return True
        except OSError:
            return False

    def room(self):
        status = os.statvfs(self.place)
        return status.f_bavail * status.f_frsize

    def make_room(self):
        self.filler.unlink()

    def meet_error(self):
        """The kernel finds an error in the file system and lets nobody write any more; whoever writes has to stand still."""
        device = os.path.basename(run("findmnt", "-n", "-o", "SOURCE", self.place).strip())
        pathlib.Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("crash test")

    def cut_power(self):
        """Nothing more reaches the disk, not even what the kernel has in memory.

        Whoever writes has to stand still.
        """
        handle = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("=I", WITHOUT_LOG))
        finally:
            os.close(handle)

    def close(self):
        if self.is_mounted:
            self.unmount()


def run(program, *words, allowed=(0,)):
    done = subprocess.run([which(program), *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode not in allowed:
        raise Failed(f"{program} {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout
