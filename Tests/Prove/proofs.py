"""The proofs, and how what each prints becomes one row of the evidence."""
import re
from dataclasses import dataclass, field


class Unreadable(Exception):
    """A program that did not say how it ended."""


@dataclass
class Row:
    # How much was tried, in words, and how much of it was lost, wrong or found.
    tried: str
    lost: int
    # What was tried not even once: who tries nothing loses nothing.
    none: list = field(default_factory=list)

    @property
    def held(self):
        return not self.lost and not self.none

    @property
    def verdict(self):
        return "; ".join([str(self.lost), *(f"no {what}" for what in self.none)])


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


def numbers(cell):
    """Those of which a cell consists, as `3 + 1` does; None when it does not count anything."""
    return list(map(int, re.findall(r"\d+", cell))) if re.fullmatch(r"\d+( \+ \d+)*", cell) else None


def tried(rows, column):
    """How much there was of it; what could not be judged was not tried."""
    return sum(sum(numbers(row.get(column, "")) or []) for row in rows)


def lost(rows, *columns):
    """How much of it was lost; a cell that does not say so counts as one."""
    counts = [numbers(row.get(column, "")) for row in rows for column in columns]
    return sum(1 if count is None else sum(count) for count in counts)


def incomplete(rows, column):
    """How much is lacking of what is `so many of so many`; a cell that does not say so counts as one."""
    cells = [re.fullmatch(r"(\d+) of (\d+)", row.get(column, "")) for row in rows]
    return sum(int(cell[2]) - int(cell[1]) if cell else 1 for cell in cells)


def idle(rows, *columns):
    """The rows that say themselves that nothing was tried."""
    return [f"{column} of {next(iter(row.values()))}" for row in rows for column in columns
            if sum(numbers(row.get(column, "")) or [1]) == 0]


def absent(**counts):
    """What was not tried in all of it."""
    return [name.replace("_", " ") for name, count in counts.items() if not count]


def crashes(text):
    faults, damages = table(text, "fault"), table(text, "damage")
    acknowledged, webhooks, copies = tried(faults, "acknowledged"), tried(faults, "webhooks"), tried(damages, "copies")
    told = tried(damages, "told at the start") + tried(damages, "told when met")
    gone = tried(damages, "last operations gone")
    words = (f"{len(faults)} ways to end, {tried(faults, 'rounds'):,} times, {acknowledged:,} acknowledged writes, "
             f"{webhooks:,} webhooks; {len(damages)} kinds of damage to {copies:,} copies, of which {told:,} were told, and "
             f"{gone:,} whose log was damaged at its end lacked what was done last")
    return Row(words, lost(faults, "wrong", "missing") + lost(damages, "wrong"),
               idle(faults, "rounds", "acknowledged") + idle(damages, "copies")
               + absent(acknowledged_writes=acknowledged, webhooks=webhooks, copies=copies))


def cluster_faults(text):
    faults = table(text, "fault")
    acknowledged = tried(faults, "acknowledged")
    # Behind a plus stands what a failover took back, to a replica that the test itself had cut off before: nobody had
    # asked PostgreSQL to wait for it, and every session learns of it.
    undone = sum(sum((numbers(row.get("lost", "")) or [])[1:]) for row in faults)
    words = (f"{len(faults)} faults of a cluster, {acknowledged:,} acknowledged writes, of which {undone:,} taken back by a "
             "failover to a replica that had been cut off before them")
    gone = lost(faults, "lost", "doubled", "webhooks missing") - undone
    return Row(words, gone + incomplete(faults, "sessions complete"),
               idle(faults, "acknowledged") + absent(acknowledged_writes=acknowledged))


def round_trips(text):
    trips = table(text, "round trip")
    copies, acknowledged, refused = (tried(trips, name) for name in ("rounds", "acknowledged", "rightly refused"))
    words = (f"{copies:,} copies of {len(trips)} kinds, made during {acknowledged:,} writes, "
             f"{tried(trips, 'commands killed'):,} commands killed; {refused:,} refused as they must be")
    return Row(words, lost(trips, "wrong"), idle(trips, "rounds", "acknowledged", "moments")
               + absent(copies=copies, acknowledged_writes=acknowledged, refusals=refused))


def line(pattern, words, *losses):
    """Reads the line with which a program ends; `losses` names its groups that must be 0, all other numbers must not."""
    def read(text):
        found = list(re.finditer(pattern, text, re.MULTILINE))
        if not found:
            raise Unreadable(f"no line like {pattern}")
        groups = found[-1].groupdict()
        none = [name for name, value in groups.items() if name not in losses and re.fullmatch(r"0(\.0*)?", value)]
        shown = {name: f"{int(value):,}" if value.isdigit() else value for name, value in groups.items()}
        return Row(words.format(**shown), sum(int(groups[name]) for name in losses), none)
    return read


def unittests(words):
    """What each of Python's test runners says at its end."""
    def read(text):
        runs = re.findall(r"^Ran (\d+) tests? in ", text, re.MULTILINE)
        ends = re.findall(r"^(OK|FAILED)\b(.*)", text, re.MULTILINE)
        if not runs or len(runs) != len(ends):
            raise Unreadable("not every test runner came to its end")
        left_out = sum(map(int, re.findall(r"skipped=(\d+)", " ".join(more for _, more in ends))))
        failed = sum(sum(numbers) for verdict, more in ends if verdict == "FAILED"
                     for numbers in [list(map(int, re.findall(r"(?:failures|errors)=(\d+)", more))) or [1]])
        tests = sum(map(int, runs))
        return Row(words.format(tests=f"{tests:,}"), failed + left_out, absent(tests=tests))
    return read


def sanitizer(kind, name):
    """The closing line of scripts/sanitized-tests, which is believed when the test runner came to an end that fits it."""
    closing = line(rf"^sanitize-{kind}: (?P<tests>\d+) tests, (?P<failed>\d+) failed, (?P<reports>\d+) reports",
                   "{tests} tests of everything under " + name, "failed", "reports")

    def read(text):
        row = closing(text)
        ends = re.findall(r"Test run with \d+ tests? in \d+ suites? (passed|failed)", text)
        if not ends:
            raise Unreadable("the test runner did not come to its end")
        if ends[-1] == "failed" and not row.lost:
            return Row(f"{row.tried}; the test runner says that it failed", 1, row.none)
        return row
    return read


PROOFS = [
    Proof("crash", ["make", "crash", "ARGS=--seconds 240"], crashes),
    Proof("faults", ["make", "test-faults"], cluster_faults),
    Proof("security", ["make", "security"],
          unittests("{tests} tests: requests smuggled past HAProxy, hostile callers, another master key beside callers")),
    Proof("round trips", ["make", "round-trips"], round_trips),
    Proof("fuzz", ["make", "fuzz", "ARGS=--seconds 20"],
          line(r"^fuzz: (?P<entries>\d+) entries, (?P<runs>\d+) runs, (?P<findings>\d+) findings",
               "{entries} readers, {runs} inputs guided by coverage, under AddressSanitizer", "findings")),
    Proof("addresses", ["make", "sanitize-address"], sanitizer("address", "AddressSanitizer")),
    Proof("threads", ["make", "sanitize-thread"], sanitizer("thread", "ThreadSanitizer")),
    Proof("soak", ["make", "soak", "ARGS=--quick"],
          line(r"^soak: (?P<minutes>[\d.]+) min, (?P<sessions>\d+) sessions, (?P<receipts>\d+) receipts, "
               r"(?P<missing>\d+) missing, (?P<doubled>\d+) doubled, (?P<webhooks>\d+) webhooks, (?P<lost>\d+) lost, "
               r"heap (?P<heap>.*)$",
               "{minutes} minutes, {sessions} sessions, {receipts} receipts, {webhooks} webhooks; heap {heap}",
               "missing", "doubled", "lost")),
    Proof("upgrade", ["make", "upgrade"],
          line(r"^upgrade: (?P<storages>\d+) storages, (?P<failed>\d+) failed",
               "{storages} storages of earlier versions, opened, read, written and opened again", "failed")),
    Proof("package", ["make", "package-test"],
          line(r"^package: (?P<checks>\d+) checks, (?P<failed>\d+) failed",
               "installed, started, used, upgraded, removed: {checks} checks", "failed")),
]
