"""The Debian package, made by dpkg's own tools."""
import datetime
import hashlib
import os
import pathlib
import re
import subprocess
import tempfile

import archive
from archive import File
from release import PACKAGE, ROOT, author

SCRIPTS = ["postinst", "prerm", "postrm"]
CONFIGURATION = ["etc/rostrum/rostrum.yaml"]
DESCRIPTION = """\
 self-hosted official-channel server
 A backend creates channels over a signed REST API, users subscribe, and the
 posts of a channel reach every subscriber in real time and stay in its
 history. On the wire it is the Tencent Cloud Chat server API.
 .
 One program is an emulator for tests, a durable server on one machine, and a
 node of a cluster on PostgreSQL and NATS."""


def write(release, directory, revision):
    """Its path.

    - revision: of the package, counted from 1 within a version of the program.
    """
    version, machine = f"{release.version}-{revision}", dpkg("--print-architecture")
    files = contents(release, version)
    target = directory / f"rostrum_{version}_{machine}.deb"
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place) / "root"
        archive.lay_out(root, files, release.moment)
        control = {
            "control": File(control_file(version, machine, needs(root / "usr/bin/rostrum"), files).encode()),
            "conffiles": File("".join(f"/{path}\n" for path in CONFIGURATION).encode()),
            "md5sums": File("".join(f"{hashlib.md5(file.contents).hexdigest()}  {path}\n"
                                    for path, file in sorted(files.items()) if path not in CONFIGURATION).encode()),
            **{script: File.read(PACKAGE / "debian" / script, 0o755) for script in SCRIPTS},
        }
        archive.lay_out(root / "DEBIAN", control, release.moment)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", root, target], check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(release.moment)})
    return target


def contents(release, version):
    """Every file, by its path from the root."""
    share, own = "usr/share", "usr/share/doc/rostrum"
    completions, legal = release.completions(), release.legal
    files = {
        "usr/bin/rostrum": release.stripped,
        **{f"lib/systemd/system/{unit}": file for unit, file in release.units("/usr/bin/rostrum").items()},
        CONFIGURATION[0]: File.read(PACKAGE / "rostrum.yaml"),
        f"{share}/man/man1/rostrum.1.gz": release.manual().packed(),
        f"{share}/bash-completion/completions/rostrum": completions["bash"],
        f"{share}/zsh/vendor-completions/_rostrum": completions["zsh"],
        f"{share}/fish/vendor_completions.d/rostrum.fish": completions["fish"],
        f"{share}/lintian/overrides/rostrum": File.read(PACKAGE / "debian/lintian-overrides"),
        f"{own}/copyright": File.read(PACKAGE / "debian/copyright"),
        f"{own}/changelog.Debian.gz": File(changelog(release, version).encode()).packed(),
        f"{own}/changelog.gz": File.read(ROOT / "CHANGELOG.md").packed(),
        f"{own}/examples/node.env": File.read(ROOT / "deploy/systemd/node.env"),
    }
    # Debian has the licence in common-licenses, and the changelog under the name that it is looked for by.
    for path, file in {**release.documentation(), **legal}.items():
        if path not in ("LICENSE", "CHANGELOG.md"):
            files[f"{own}/{path}"] = file
    return files


def changelog(release, version):
    moment = datetime.datetime.fromtimestamp(release.moment, datetime.timezone.utc)
    return (f"rostrum ({version}) unstable; urgency=medium\n\n"
            f"  * Release {release.version} of Rostrum; changelog.gz has its changes.\n\n"
            f" -- {maintainer()}  {moment:%a, %d %b %Y %H:%M:%S} +0000\n")


def maintainer():
    """Who answers for the package: as Debian's own tools have it from the environment, else who made the commit."""
    address = os.environ.get("DEBEMAIL")
    return f"{os.environ.get('DEBFULLNAME', 'Rostrum')} <{address}>" if address else author()


def control_file(version, machine, needed, files):
    size = sum((len(file.contents) + 1023) // 1024 for file in files.values())
    return (f"Package: rostrum\nVersion: {version}\nArchitecture: {machine}\nMaintainer: {maintainer()}\n"
            f"Installed-Size: {size}\nSection: net\nPriority: optional\nDepends: {needed}\n"
            f"Suggests: postgresql, nats-server, haproxy\nDescription:{DESCRIPTION}\n")


def needs(program):
    """What the package depends on: the libraries that the program is linked to, and what the scripts call."""
    with tempfile.TemporaryDirectory() as place:
        (pathlib.Path(place) / "debian").mkdir()
        (pathlib.Path(place) / "debian/control").write_text("Source: rostrum\n\nPackage: rostrum\nArchitecture: any\n")
        done = subprocess.run(["dpkg-shlibdeps", "-O", "-e", program], cwd=place, check=True, capture_output=True, text=True)
    libraries = re.search(r"shlibs:Depends=(.+)", done.stdout)[1]
    return f"{libraries}, adduser, init-system-helpers (>= 1.54~)"


def dpkg(*words):
    return subprocess.run(["dpkg", *words], check=True, capture_output=True, text=True).stdout.strip()
