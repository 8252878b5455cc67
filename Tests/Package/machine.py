"""A Debian system in a directory, to install packages in; nothing runs in it but what a test starts."""
import contextlib
import os
import pathlib
import subprocess
import sys

from loopback.programs import Failed, which

# Forbids scripts of packages to start services.
POLICY = "#!/bin/sh\nexit 101\n"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
               "LC_ALL": "C.UTF-8"}


def enter_own_mounts():
    """Runs the script anew where it has mounts of its own, which end with it; needs root."""
    if not os.environ.get("ROSTRUM_OWN_MOUNTS"):
        os.environ["ROSTRUM_OWN_MOUNTS"] = "1"
        sys.stdout.flush()
        unshare = which("unshare")
        os.execv(unshare, [unshare, "--mount", "--", sys.executable, *sys.argv])


class Machine:
    """A minimal system, made by debootstrap from the archive that this machine has."""

    def __init__(self, root, log):
        self.root, self.log = pathlib.Path(root), log

    @contextlib.contextmanager
    def made(self, given=None):
        """The machine, for a while; its files stay afterwards.

        - given: a system to copy instead of making one.
        """
        if given:
            self.say(["cp", "-a", given, self.root])
        else:
            self.bootstrap()
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text(POLICY)
        policy.chmod(0o755)
        self.say(["mount", "-t", "proc", "proc", self.root / "proc"])
        try:
            yield self
        finally:
            self.say(["umount", self.root / "proc"])

    def bootstrap(self):
        release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if line)
        suite = release["VERSION_CODENAME"].strip('"')
        made = [which("debootstrap"), "--variant=minbase", "--include=adduser,ca-certificates", suite, self.root, mirror(suite)]
        self.say(made)

    def say(self, words, **more):
        """Runs a program; what it prints is in the log."""
        done = subprocess.run([str(word) for word in words], stdout=self.log, stderr=self.log, check=False, **more)
        if done.returncode:
            raise Failed(f"{' '.join(map(str, words))}: status {done.returncode}")

    def words(self, *words, user=None):
        """How a program is started in it, as root or as a user of its own."""
        # Whoever becomes another user loses the signal that ends him with the test, so it is asked for again.
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--no-new-privs", "--pdeathsig", "KILL"]
        return [which("chroot"), str(self.root), *(become if user else []), *map(str, words)]

    def run(self, *words, user=None):
        """What a program in it prints."""
        done = subprocess.run(self.words(*words, user=user), env=ENVIRONMENT, capture_output=True, text=True, check=False)
        self.log.write(done.stdout + done.stderr)
        self.log.flush()
        if done.returncode:
            raise Failed(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def apt(self, *words):
        """As an administrator's script would: nothing is asked, and changed configuration stays."""
        self.say(self.words("apt-get", "-y", "-q", "-o", "Dpkg::Options::=--force-confold", *words), env=ENVIRONMENT)

    def path(self, name):
        return self.root / str(name).lstrip("/")

    def state(self, name):
        """Owner, group and mode, as `rostrum rostrum 700`; None when there is no such file."""
        done = subprocess.run(self.words("stat", "-c", "%U %G %a", name), capture_output=True, text=True, check=False)
        return done.stdout.strip() or None

    def has_user(self, name):
        return subprocess.run(self.words("id", name), capture_output=True, check=False).returncode == 0


def mirror(suite):
    """Where this machine has the suite from."""
    asked = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.splitlines()
    found = [address for name, address in map(str.split, listed) if name == suite]
    if not found:
        raise Failed(f"apt has no packages of {suite} here; `apt-get update` may help")
    return found[0]
