"""The table of the evidence, which keeps of each proof the run that was last: one that is run again need not cost the others."""
COLUMNS = ["proof", "what was tried", "lost", "minutes", "date", "commit", "machine", "alone"]
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|---|--:|--:|---|---|---|---|\n"


def line(proof, row, seconds, date, commit, machine):
    """The row of one run; `commit` is the one that was tried."""
    cells = [proof.name, row.tried, row.verdict, f"{seconds / 60:.1f}", date, commit, machine, f"`{' '.join(proof.command)}`"]
    return f"| {' | '.join(cells)} |\n"


def table(lines):
    return HEAD + "".join(lines)


def kept(page):
    """The rows on a page, by the names of their proofs."""
    rows = page.partition(HEAD)[2].splitlines(keepends=True)
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}


def renewed(page, runs, proofs):
    """The rows of all proofs that were ever run, in their order: of these runs, by name, and else as they stand on the page."""
    rows = kept(page) | runs
    return [rows[proof.name] for proof in proofs if proof.name in rows]
