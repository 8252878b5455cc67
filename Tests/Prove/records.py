"""The table of the evidence, which keeps of each proof the run that was last: one that is run again need not cost the others."""
import itertools

COLUMNS = ["proof", "what was tried", "lost", "minutes", "date", "commit", "machine", "alone"]
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|---|--:|--:|---|---|---|---|\n"


def line(proof, row, seconds, date, commit, machine):
    """The row of one run; `commit` is the one that was tried."""
    cells = [proof.name, row.tried, row.verdict, f"{seconds / 60:.1f}", date, commit, machine, f"`{' '.join(proof.command)}`"]
    return f"| {' | '.join(cells)} |\n"


def table(lines):
    return HEAD + "".join(lines)


class Strange(Exception):
    """A page whose table is another one."""


def parts(page):
    """The rows on a page, by the names of their proofs, and what somebody has written below them."""
    _, head, below = page.partition(HEAD)
    if page and not head:
        raise Strange(f"the page has no table that begins with {HEAD}")
    lines = below.splitlines(keepends=True)
    rows = list(itertools.takewhile(lambda line: line.startswith("| "), lines))
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}, "".join(lines[len(rows):])


def renewed(page, runs, proofs):
    """The table of all proofs that were ever run, in their order, and what stands below it.

    A row is that of these runs, by name, or else as it stands on the page.
    """
    rows, below = parts(page)
    rows |= runs
    return table(rows[proof.name] for proof in proofs if proof.name in rows) + below
