"""What a build of Rostrum is made of, and under which licences: read from Package.resolved and the packages' checkouts."""

import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECKOUTS = ROOT / ".build/checkouts"

# What may be part of Rostrum. A licence that is not here needs a decision before the dependency does.
ALLOWED = {
    "Apache-2.0",
    "Apache-2.0 WITH Swift-exception",
    "BSD-3-Clause",
    "CC0-1.0",
    "MIT",
    "Unicode-3.0",
}
# A program may call these at run time, by a library that whoever runs it can replace.
ALLOWED_SYSTEM = ALLOWED | {"LGPL-2.1-or-later", "PostgreSQL", "Zlib", "blessing"}

# What packages have from others: the package, its directory there, the work, its licence, its home, who made it.
CONTAINED = [
    ("swift-crypto", "Sources/CCryptoBoringSSL", "BoringSSL", "Apache-2.0", "https://boringssl.googlesource.com/boringssl",
     "The OpenSSL Project Authors and The BoringSSL Authors"),
    ("swift-crypto", "Sources/CXKCP", "XKCP", "CC0-1.0", "https://github.com/XKCP/XKCP", "The Keccak Team"),
    ("swift-nio", "Sources/CNIOLLHTTP", "llhttp", "MIT", "https://github.com/nodejs/llhttp", "Fedor Indutny, 2018"),
    ("swift-nio", "Sources/CNIOSHA1", "SHA-1 of FreeBSD", "BSD-3-Clause", "https://github.com/freebsd/freebsd-src",
     "WIDE Project, 1995-1998"),
    ("swift-nio-ssl", "Sources/CNIOBoringSSL", "BoringSSL", "Apache-2.0",
     "https://boringssl.googlesource.com/boringssl", "The OpenSSL Project Authors and The BoringSSL Authors"),
    ("yams", "Sources/CYaml", "LibYAML", "MIT", "https://github.com/yaml/libyaml",
     "Ingy döt Net, 2017-2020, and Kirill Simonov, 2006-2016"),
]

# Of Swift's toolchain, in a release that is linked statically.
TOOLCHAIN = [
    ("Swift standard library, Dispatch, Foundation", "Apache-2.0 WITH Swift-exception", "https://www.swift.org"),
    ("ICU, in Foundation", "Unicode-3.0", "https://icu.unicode.org"),
]

# Libraries of the system, linked dynamically; by the name that the linker knows them under.
SYSTEM = {
    "nats": ("nats.c", "Apache-2.0", "https://github.com/nats-io/nats.c"),
    "pq": ("libpq", "PostgreSQL", "https://www.postgresql.org"),
    "qrencode": ("libqrencode", "LGPL-2.1-or-later", "https://fukuchi.org/works/qrencode"),
    "sqlite3": ("SQLite", "blessing", "https://www.sqlite.org"),
    "z": ("zlib", "Zlib", "https://zlib.net"),
}


class Unknown(Exception):
    """A dependency of which something is not known that has to be."""


class Package:
    """A Swift package as it was resolved."""

    def __init__(self, pin, checkouts):
        self.identity = pin["identity"]
        self.location = pin["location"].removesuffix(".git")
        self.version = pin["state"].get("version") or pin["state"]["revision"]
        self.revision = pin["state"]["revision"]
        self.directory = checkouts / self.location.rsplit("/", 1)[1]

    def text(self, name):
        """The file of that name in its root, whatever its ending; None when there is none."""
        found = sorted(path for path in self.directory.glob("*") if re.fullmatch(rf"{name}(\.\w+)?", path.name, re.I))
        return found[0].read_text() if found else None

    @property
    def licence(self):
        return licence(self.text("licen[sc]e") or "", self.identity)


def licence(text, name):
    """The SPDX identifier of a licence's text."""
    words = " ".join(text.split())
    if "Apache License Version 2.0, January 2004" in words:
        return "Apache-2.0 WITH Swift-exception" if "Runtime Library Exception" in words else "Apache-2.0"
    grant = "Permission is hereby granted, free of charge, to any person obtaining a copy"
    if grant in words and "The above copyright notice and this permission notice shall be included" in words:
        return "MIT"
    raise Unknown(f"{name}: its licence is none that is known here")


def packages(root=ROOT, checkouts=CHECKOUTS):
    """Every package that was resolved, by its identity."""
    pins = json.loads((root / "Package.resolved").read_text())["pins"]
    return sorted((Package(pin, checkouts) for pin in pins), key=lambda package: package.identity)


def system_libraries(root=ROOT):
    """The names of those that module maps have linked, and SQLite, which comes by GRDB."""
    maps = [path.read_text() for path in root.glob("Sources/*/**/module.modulemap")]
    return sorted({"sqlite3", *re.findall(r'^\s*link "(\w+)"', "\n".join(maps), re.M)})


def graph(root=ROOT):
    """Which package needs which others directly, by identities; the root's own is the empty one."""
    command = ["swift", "package", "--disable-automatic-resolution", "show-dependencies", "--format", "json"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    needs = {}

    def walk(node, identity):
        needs.setdefault(identity, set()).update(child["identity"] for child in node["dependencies"])
        for child in node["dependencies"]:
            walk(child, child["identity"])

    walk(json.loads(answer[answer.index("{"):]), "")
    return needs


def faults(root=ROOT, checkouts=CHECKOUTS):
    """What stands in the way of shipping what was resolved, in words."""
    found = []

    def judge(name, identifier, allowed):
        if identifier not in allowed:
            found.append(f"{name}: the licence {identifier} is not on the list")

    resolved = packages(root, checkouts)
    for package in resolved:
        try:
            judge(package.identity, package.licence, ALLOWED)
        except Unknown as error:
            found.append(str(error))
    by_identity = {package.identity: package for package in resolved}
    for identity, directory, name, identifier, *_ in CONTAINED:
        judge(name, identifier, ALLOWED)
        if identity not in by_identity or not (by_identity[identity].directory / directory).is_dir():
            found.append(f"{identity}: it has no {directory} any more")
    listed = {(identity, directory) for identity, directory, *_ in CONTAINED}
    for package in resolved:
        for path in sorted(package.directory.glob("Sources/**/*")):
            if not re.fullmatch(r"(licen[sc]e|copying)(\.\w+)?", path.name, re.I):
                continue
            directory = path.parent.relative_to(package.directory).as_posix()
            if (package.identity, directory) not in listed:
                found.append(f"{package.identity}: {directory} has a licence of its own")
    for name in system_libraries(root):
        if name not in SYSTEM:
            found.append(f"{name}: a system library of unknown licence")
    for name, identifier, _ in SYSTEM.values():
        judge(name, identifier, ALLOWED_SYSTEM)
    for name, identifier, _ in TOOLCHAIN:
        judge(name, identifier, ALLOWED)
    return found
