"""Runs one proof and makes its row, whatever becomes of it."""
import os
import subprocess
import time

from proofs import Row, Unreadable

# What make hands down to the makes below it. `make prove ARGS=--write` speaks to this program, and not to theirs.
HANDED_DOWN = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "ARGS"}


def surroundings():
    """The environment in which a proof runs as if a person had called it."""
    return {name: value for name, value in os.environ.items() if name not in HANDED_DOWN}


def play(proof, root, log):
    """The row of one proof, and how many seconds it took; what it printed is in the log."""
    began = time.monotonic()
    with open(log, "w") as file:
        status = subprocess.run(proof.command, cwd=root, env=surroundings(), stdout=file, stderr=subprocess.STDOUT,
                                check=False).returncode
    row = judge(proof, log.read_text(errors="replace"))
    if status and row.held:
        row = Row(f"{row.tried}; ended with status {status}", 1)
    return row, time.monotonic() - began


def judge(proof, text):
    """What a reader cannot read has not held, and the other proofs go on."""
    try:
        return proof.read(text)
    except Unreadable as problem:
        return Row(str(problem), 1)
    except Exception as problem:  # a reader that met what nobody foresaw
        return Row(f"what it printed cannot be read: {problem!r}", 1)
