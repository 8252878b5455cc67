"""The packages as files: made the same twice, whole, and to the taste of the tools that judge such files."""
import dataclasses
import hashlib
import pathlib
import re
import shutil
import subprocess
import tarfile

from release import ROOT

# What only a package needs that goes into Debian itself; who answers for this one is said when it is made.
NOT_DEBIANS_OWN = "bogus-mail-host,bogus-mail-host-in-debian-changelog"
# As `systemd-analyze security` counts: 10 is anything goes.
MOST_EXPOSED = 20


@dataclasses.dataclass
class Packages:
    tarball: pathlib.Path
    debian: pathlib.Path
    # The same program as the next revision of the package.
    newer: pathlib.Path
    version: str


def look_at_packages(checks, program, directory, log):
    checks.part("packages")
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    for name, revision in (("first", 1), ("again", 1), ("newer", 2)):
        build = [ROOT / "deploy/package/build", "--rostrum", program, "--into", directory / name, "--revision", str(revision)]
        subprocess.run(build, check=True, stdout=log, stderr=log)
    made = sorted(path.name for path in (directory / "first").iterdir())
    checks.hold("there are a tarball, a Debian package and their checksums", len(made) == 3, made)
    for name in made:
        checks.same(f"{name} comes out the same twice", *[digest(directory / place / name) for place in ("first", "again")])
    sums = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=directory / "first", stdout=log, check=False)
    checks.same("SHA256SUMS are theirs", sums.returncode, 0)
    packages = Packages(only(directory / "first", "*.tar.gz"), only(directory / "first", "*.deb"),
                        only(directory / "newer", "*.deb"), version)
    look_at_debian(checks, packages.debian, version, log)
    unpacked = directory / "unpacked"
    subprocess.run(["dpkg-deb", "--extract", packages.debian, unpacked], check=True)
    look_at_unit(checks, unpacked, directory)
    look_at_manual(checks, unpacked / "usr/share/man/man1/rostrum.1.gz", version)
    look_at_completions(checks, unpacked)
    look_at_tarball(checks, packages.tarball, version)
    return packages


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def only(directory, pattern):
    path, = directory.glob(pattern)
    return path


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)


def look_at_debian(checks, package, version, log):
    fields = dict(line.split(": ", 1) for line in run("dpkg-deb", "--field", package).stdout.splitlines() if ": " in line)
    checks.same("the package has the program's version", fields["Version"], f"{version}-1")
    for library in ("libpq5", "libsqlite3-0", "zlib1g", "libqrencode4", "libnats", "libc6", "adduser"):
        checks.hold(f"it depends on {library}", library in fields["Depends"], fields["Depends"])
    judged = run("lintian", "--fail-on", "error,warning", "--suppress-tags", NOT_DEBIANS_OWN, package)
    log.write(judged.stdout)
    checks.hold("lintian has nothing against it", judged.returncode == 0, judged.stdout)


def look_at_unit(checks, unpacked, directory):
    units = unpacked / "lib/systemd/system"
    for name, instance in (("rostrum.service", "rostrum.service"), ("rostrum@.service", "rostrum@node1.service")):
        # The program that is meant is the one that was just unpacked.
        tried = directory / "units"
        tried.mkdir(exist_ok=True)
        (tried / instance).write_text((units / name).read_text().replace("/usr/bin/rostrum", str(unpacked / "usr/bin/rostrum")))
        judged = run("systemd-analyze", "verify", "--man=no", tried / instance)
        checks.hold(f"systemd understands {name}", judged.returncode == 0 and not judged.stderr, judged.stderr)
        judged = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", units / name)
        verdict = re.findall("Overall exposure.*", judged.stdout)
        checks.hold(f"{name} is exposed by {MOST_EXPOSED / 10} at most", judged.returncode == 0, verdict or judged.stderr)


def look_at_manual(checks, page, version):
    judged = run("mandoc", "-T", "lint", "-W", "warning", page)
    checks.hold("mandoc has nothing against the manual page", judged.returncode == 0, judged.stdout)
    judged = run("man", "--warnings", "--local-file", page)
    checks.hold("man has nothing against it", judged.returncode == 0 and not judged.stderr, judged.stderr)
    checks.hold("it has every command and the version",
                all(word in judged.stdout for word in ("rostrum serve", "rostrum app create", "--trusted-proxies", version)))


def look_at_completions(checks, unpacked):
    places = {"bash": "usr/share/bash-completion/completions/rostrum", "zsh": "usr/share/zsh/vendor-completions/_rostrum",
              "fish": "usr/share/fish/vendor_completions.d/rostrum.fish"}
    for shell, place in places.items():
        text = (unpacked / place).read_text()
        checks.hold(f"{shell} is told of the commands", "migrate-storage" in text and "trusted-proxies" in text)
    judged = run("bash", "--norc", "-c", f"source {unpacked / places['bash']} && complete -p rostrum")
    checks.hold("bash takes it", judged.returncode == 0 and "rostrum" in judged.stdout and not judged.stderr, judged.stderr)
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            judged = run(shell, "-n", unpacked / places[shell])
            checks.hold(f"{shell} takes it", judged.returncode == 0, judged.stderr)


def look_at_tarball(checks, path, version):
    with tarfile.open(path) as archive:
        entries = archive.getmembers()
    top = f"rostrum-{version}"
    names = {entry.name.removeprefix(f"{top}/") for entry in entries}
    checks.hold("everything in the tarball is in one directory",
                all(entry.name == top or entry.name.startswith(f"{top}/") for entry in entries))
    checks.hold("it has files and directories alone, root's, that nobody else may write",
                all((entry.isfile() or entry.isdir()) and entry.uid == entry.gid == 0 and not entry.mode & 0o7022
                    for entry in entries))
    wanted = {"bin/rostrum", "LICENSE", "NOTICE", "THIRD-PARTY-LICENSES", "rostrum.cdx.json", "README.md", "CHANGELOG.md",
              "docs/operating.md", "etc/rostrum.yaml", "systemd/rostrum.service", "systemd/rostrum@.service",
              "share/man/man1/rostrum.1", "share/bash-completion/completions/rostrum", "share/zsh/site-functions/_rostrum",
              "share/fish/vendor_completions.d/rostrum.fish"}
    checks.same("it has what a release consists of", wanted - names, set())
