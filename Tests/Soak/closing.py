"""The line with which a soak ends; Tests/Prove reads it."""


def closing_line(minutes, sessions, verdict, webhooks, memory):
    """Memory is by how many MB an hour the heap in use has grown, or None where that was not judged."""
    grown = "not judged" if memory is None else f"{memory:+.1f} MB/h"
    return (f"soak: {minutes:g} min, {sessions} sessions, {verdict.receipts} receipts, {verdict.missing} missing, "
            f"{verdict.doubled} doubled, {webhooks} webhooks, {verdict.webhooks_missing} lost, memory {grown}")
