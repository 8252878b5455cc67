"""The proofs, and how what each prints becomes one row of the evidence."""
import re
from dataclasses import dataclass


class Unreadable(Exception):
    """A program that did not say how it ended."""


@dataclass
class Row:
    # How much was tried, in words, and how much of it was lost, wrong or found.
    tried: str
    lost: int


@dataclass
class Proof:
    name: str
    command: list
    read: object


def tables(text):
    """The Markdown tables of an output, each row as a dict."""
    found, names = [], None
    for line in text.splitlines():
        if not line.startswith("| "):
            names = None if not line.startswith("|---") else names
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if names is None:
            names = cells
            found.append([])
        else:
            found[-1].append(dict(zip(names, cells)))
    return found


def table(text, first):
    """The rows of the tables whose first column has that name."""
    rows = [row for rows in tables(text) for row in rows if first in row]
    if not rows:
        raise Unreadable(f"no table of '{first}'")
    return rows


def number(cell):
    """What a cell counts; `3 + 1` is 4, and what could not be judged counts as one."""
    return sum(map(int, re.findall(r"\d+", cell))) if re.fullmatch(r"[\d +]+", cell) else 1


def total(rows, *columns):
    return sum(number(row[column]) for row in rows for column in columns)


def crashes(text):
    faults, damages = table(text, "fault"), table(text, "damage")
    tried = (f"{len(faults)} ways to end, {total(faults, 'rounds')} times, {total(faults, 'acknowledged'):,} acknowledged writes, "
             f"{total(faults, 'webhooks'):,} webhooks; {len(damages)} kinds of damage to {total(damages, 'copies'):,} copies")
    return Row(tried, total(faults, "wrong", "missing") + total(damages, "wrong"))


def cluster_faults(text):
    faults = table(text, "fault")
    incomplete = 0
    for row in faults:
        whole, of = map(int, row["sessions complete"].split(" of "))
        incomplete += of - whole
    tried = f"{len(faults)} faults of a cluster, {total(faults, 'acknowledged'):,} acknowledged writes"
    return Row(tried, total(faults, "lost", "doubled", "webhooks missing") + incomplete)


def round_trips(text):
    trips = table(text, "round trip")
    tried = (f"{total(trips, 'rounds')} copies of {len(trips)} kinds, made during {total(trips, 'acknowledged'):,} writes, "
             f"{total(trips, 'commands killed')} commands killed; {total(trips, 'rightly refused')} refused as they must be")
    return Row(tried, total(trips, "wrong"))


def line(pattern, tried, *lost):
    """Reads the line with which a program ends; `lost` names its groups that must be 0."""
    def read(text):
        found = re.findall(pattern, text, re.MULTILINE)
        if not found:
            raise Unreadable(f"no line like {pattern}")
        match = list(re.finditer(pattern, text, re.MULTILINE))[-1]
        return Row(tried.format(**match.groupdict()), sum(int(match[name]) for name in lost))
    return read


def sanitizer(name):
    """The test runner's own closing line, and what the sanitizer has reported."""
    def read(text):
        ends = re.findall(r"Test run with (\d+) tests? in (\d+) suites? (passed|failed)", text)
        if not ends:
            raise Unreadable("the test runner did not come to its end")
        reports = len(re.findall(rf"(?:WARNING|ERROR): {name}", text))
        failed = sum(end[2] == "failed" for end in ends)
        return Row(f"{sum(int(end[0]) for end in ends):,} tests under {name}", reports + failed)
    return read


PROOFS = [
    Proof("crash", ["make", "crash", "ARGS=--seconds 240"], crashes),
    Proof("faults", ["make", "test-faults"], cluster_faults),
    Proof("round trips", ["make", "round-trips"], round_trips),
    Proof("fuzz", ["make", "fuzz", "ARGS=--seconds 20"],
          line(r"^fuzz: (?P<entries>\d+) entries, (?P<runs>\d+) runs, (?P<findings>\d+) findings",
               "{entries} readers, {runs} inputs guided by coverage, under AddressSanitizer", "findings")),
    Proof("addresses", ["make", "sanitize-address"], sanitizer("AddressSanitizer")),
    Proof("threads", ["make", "sanitize-thread"], sanitizer("ThreadSanitizer")),
    Proof("soak", ["make", "soak", "ARGS=--quick"],
          line(r"^soak: (?P<minutes>[\d.]+) min, (?P<sessions>\d+) sessions, (?P<receipts>\d+) receipts, "
               r"(?P<missing>\d+) missing, (?P<doubled>\d+) doubled, memory (?P<memory>.*)$",
               "{minutes} minutes, {sessions} sessions, {receipts} receipts; memory {memory}", "missing", "doubled")),
    Proof("upgrade", ["make", "upgrade"],
          line(r"^upgrade: (?P<storages>\d+) storages, (?P<failed>\d+) failed",
               "{storages} storages of earlier versions, opened, read, written and opened again", "failed")),
    Proof("package", ["make", "package-test"],
          line(r"^package: (?P<checks>\d+) checks, (?P<failed>\d+) failed",
               "installed, started, used, upgraded, removed: {checks} checks", "failed")),
]
