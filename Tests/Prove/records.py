"""What is kept of the last run of each proof, so that one that did not hold can be run again alone."""
import dataclasses
import json

from proofs import Row


@dataclasses.dataclass
class Record:
    tried: str
    lost: int
    none: list
    seconds: float
    # When it was run, and of which commit.
    date: str
    commit: str

    @property
    def row(self):
        return Row(self.tried, self.lost, self.none)


def place(directory, proof):
    return directory / f"{proof.name.replace(' ', '-')}.json"


def keep(directory, proof, row, seconds, date, commit):
    record = Record(row.tried, row.lost, row.none, seconds, date, commit)
    place(directory, proof).write_text(json.dumps(dataclasses.asdict(record)))
    return record


def recall(directory, proof):
    """Nothing of one that was not run yet."""
    try:
        return Record(**json.loads(place(directory, proof).read_text()))
    except FileNotFoundError:
        return None


def table(records):
    """A row for each proof and its record."""
    lines = ["| proof | what was tried | lost | minutes | when, and of which commit | alone |", "|---|---|--:|--:|---|---|"]
    for proof, record in records:
        lines.append(f"| {proof.name} | {record.tried} | {record.row.verdict} | {record.seconds / 60:.1f} | "
                     f"{record.date}, {record.commit} | `{' '.join(proof.command)}` |")
    return "\n".join(lines) + "\n"
