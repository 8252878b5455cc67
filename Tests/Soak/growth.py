"""Judges what the server has used while it ran, and what it has said."""
import itertools
import os
import statistics
from dataclasses import dataclass

# What is in use of the heap, without the pages that SQLite keeps, may grow by so many MB an hour, and by so much in the judged
# time in any case.
HEAP_MB_AN_HOUR, HEAP_LEEWAY = 3, 2
# These fill for hours, up to what its connections may keep: so many MB the one that writes, and so many each that reads
# (Sources/DatabaseSQLite; for a reader it is what SQLite does by itself). A transaction may have a few more.
WRITERS_PAGES_MB, READERS_PAGES_MB, MOST_READERS, PAGES_LEEWAY = 8, 2, 8, 1
# Resident memory may grow by more: the allocator gives back in steps, and not what lies between what is in use.
RESIDENT_MB_AN_HOUR, RESIDENT_LEEWAY = 20, 6
# So many seconds are warm-up: the monitor fills its ten minutes. What is judged of a run that has
# hardly more than them may grow by so many MB.
WARM_UP, WARM_UP_LEEWAY = 600, 20
# Descriptors beside the sessions': connections of clients and files.
DESCRIPTORS_AN_HOUR, DESCRIPTORS_LEEWAY = 20, 8


def slope(points):
    """Theil and Sen's: the median of the slopes between all pairs, which a few outliers do not move."""
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0])
              for earlier, later in itertools.combinations(points, 2) if later[0] > earlier[0]]
    return statistics.median(slopes) if slopes else 0.0


def growth(samples, column, parts=120):
    """By how much a column grows an hour in the second half, of medians of short stretches, and for how many hours."""
    half = samples[len(samples) // 2:]
    step = max(1, len(half) // parts)
    points = [(half[place]["second"] / 3600, statistics.median(column(one) for one in half[place:place + step]))
              for place in range(0, len(half) - step + 1, step)]
    return slope(points), points[-1][0] - points[0][0] if points else 0


@dataclass
class Growth:
    """Of memory, in MB an hour, and whether it was judged by that: a run can be all warm-up."""

    heap: float
    resident: float
    is_judged: bool


def most_pages():
    """How many MB of pages SQLite may keep, with a connection that reads for each processor."""
    return WRITERS_PAGES_MB + min(MOST_READERS, len(os.sched_getaffinity(0))) * READERS_PAGES_MB + PAGES_LEEWAY


def judge_growth(samples, verdict):
    is_warm = bool(samples) and samples[len(samples) // 2]["second"] > WARM_UP - 10
    grown = []
    for name, what, most, leeway in (("heap_mb", "the heap in use", HEAP_MB_AN_HOUR, HEAP_LEEWAY),
                                     ("resident_mb", "resident memory", RESIDENT_MB_AN_HOUR, RESIDENT_LEEWAY)):
        memory, hours = growth(samples, lambda one, name=name: one[name])
        grown.append(memory)
        if memory > most and memory * hours > (leeway if is_warm else WARM_UP_LEEWAY):
            verdict.problems.append(f"{what} grows by {memory:.1f} MB an hour, {memory * hours:.1f} MB in the second half")
    pages = max((one["pages_mb"] for one in samples), default=0)
    if pages > most_pages():
        verdict.problems.append(f"SQLite kept {pages:.1f} MB of pages; its connections may keep {most_pages()}")
    others, hours = growth(samples, lambda one: one["descriptors"] - one["sessions"])
    if others > DESCRIPTORS_AN_HOUR and others * hours > DESCRIPTORS_LEEWAY:
        verdict.problems.append(f"descriptors besides the sessions' grow by {others:.0f} an hour")
    return Growth(*grown, is_warm)


def judge_log(lines, verdict):
    """Nothing happened that a person should look at."""
    wrong = [line for line in lines if line.split(" ", 2)[1:2] in (["error"], ["critical"])]
    if wrong:
        verdict.problems.append(f"the server logged {len(wrong)} errors, first: {wrong[0][:500]}")
