"""The line with which a soak ends; Tests/Prove reads it."""


def closing_line(minutes, sessions, verdict, webhooks, heap):
    """The heap is by how many MB an hour what is in use of it has grown, or None where that was not judged."""
    grown = "not judged" if heap is None else f"{heap:+.1f} MB/h"
    return (f"soak: {minutes:g} min, {sessions} sessions, {verdict.receipts} receipts, {verdict.missing} missing, "
            f"{verdict.doubled} doubled, {webhooks} webhooks, {verdict.webhooks_missing} lost, heap {grown}")
