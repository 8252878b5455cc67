"""Compares what came with what was acknowledged: every receipt of every session."""
from dataclasses import dataclass, field

from book import Course
from plan import SLOW

# So much of the work that was promised has to be done: a machine or a server that is too slow for the load is not under it.
LEAST_SHARE = 0.9
# Of what is owed to slow readers so much may be left to be reloaded: they do not read the history, as clients would.
MOST_TO_RELOAD = 0.01
# Of the slow readers so many may be cut off amid a frame when their key is taken away: the server gives each of them 2 s.
MOST_CUT = 0.05


@dataclass
class Verdict:
    receipts: int = 0
    reloads: int = 0
    to_reload: int = 0
    missing: int = 0
    doubled: int = 0
    webhooks_missing: int = 0
    problems: list = field(default_factory=list)

    def add(self, kind, count, problem):
        setattr(self, kind, getattr(self, kind) + count)
        self.problems.append(problem)


def judge_work(record, promised, verdict):
    """That the load was the one that was asked for: who posts nothing loses nothing."""
    if record.posts < promised * LEAST_SHARE:
        verdict.problems.append(f"only {record.posts} posts were made, of {promised:.0f}")


def judge_receipts(book, record, plan, verdict):
    courses = [Course(number, of, book, verdict) for number, of in enumerate(record.channels)]
    for tenure in book.tenures:
        judge_tenure(tenure, courses[tenure.channel], verdict)
    for place, seq, to_seq, event, to_event in book.gaps:
        tenure = book.tenures[place]
        verdict.problems.append(f"session {tenure.session}, channel {tenure.channel}: nothing came live of posts {seq + 1} "
                                f"to {to_seq}, events {event + 1} to {to_event}")
    judge_reloads(book, plan, verdict)
    return courses


def judge_cuts(cut, plan, verdict):
    slow = sum(member.kind == SLOW for member in plan.members)
    if cut > max(1, slow * MOST_CUT):
        verdict.problems.append(f"{cut} of {slow} slow readers were cut off amid a frame when their key was taken away")


def judge_reloads(book, plan, verdict):
    owed = 0
    for tenure in book.tenures:
        member = plan.members[tenure.session]
        if member.kind == SLOW:
            owed += tenure.seq - tenure.start
        elif tenure.reloads:
            verdict.problems.append(f"session {member.number} was told to reload, though it reads at once")
    if verdict.to_reload > owed * MOST_TO_RELOAD:
        verdict.problems.append(f"{verdict.to_reload} posts of {owed} that slow readers are owed were left to be reloaded")


def judge_tenure(tenure, course, verdict):
    """What was owed between its beginning and its end, less what answers to `resume` had to bring or left, came live."""
    name = f"session {tenure.session}, channel {tenure.channel}"
    end, end_event = (tenure.seq, tenure.event) if tenure.ended else (course.head, course.head_event)
    posts, recalls, changes = end - tenure.start, course.recalls_between(tenure.start_event, end_event), \
        course.changes_between(tenure.start_event, end_event)
    for answer in tenure.resumes + tenure.reloads:
        posts -= answer.to_seq - answer.seq
        recalls -= course.recalls_between(answer.event, answer.to_event)
        changes -= course.changes_between(answer.event, answer.to_event)
    for resume in tenure.resumes:
        judge_resume(resume, course, name, verdict)
    verdict.reloads += len(tenure.reloads)
    verdict.to_reload += sum(reload.to_seq - reload.seq for reload in tenure.reloads)
    compare(name, "posts", tenure.live, posts, verdict)
    compare(name, "recalls", tenure.recalls, recalls, verdict)
    compare(name, "edits", tenure.changes, changes, verdict)
    verdict.receipts += tenure.live + tenure.late + sum(one.messages + one.online_only for one in tenure.resumes)
    judge_ends(tenure, course, name, verdict)


def judge_resume(resume, course, name, verdict):
    name = f"{name}, resumed from {resume.seq} to {resume.to_seq}"
    online_only = course.online_only_between(resume.seq, resume.to_seq)
    stored = resume.to_seq - resume.seq - online_only
    # What was recalled later than the answer's position says is left out as well when there is more to come.
    least = stored - course.recalled_posts(resume.seq, resume.to_seq,
                                           course.head_event if resume.has_more else resume.to_event)
    most = stored - course.recalled_posts(resume.seq, resume.to_seq, resume.to_event)
    compare(name, "posts", resume.messages, min(max(resume.messages, least), most), verdict)
    if resume.online_only > online_only:
        verdict.add("doubled", resume.online_only - online_only, f"{name}: too many online-only posts")
    compare(name, "recalls", resume.recalls, course.recalls_between(resume.event, resume.to_event), verdict)
    if not resume.has_more:
        changes = course.changes_between(resume.event, resume.to_event)
        compare(name, "edits", resume.changes, min(changes, 1), verdict)


def judge_ends(tenure, course, name, verdict):
    """A subscription begins behind what was acknowledged before, and ends behind what was acknowledged by then."""
    if tenure.start and course.sent.get(tenure.start, tenure.began + 1) > tenure.began:
        verdict.problems.append(f"{name}: begins at {tenure.start}, which had not been sent")
    before = course.acknowledged_before(tenure.asked)
    if tenure.start < before:
        verdict.add("doubled", 1, f"{name}: begins at {tenure.start}, and {before} was there")
    if tenure.asked_end and not tenure.is_held:
        owed = course.acknowledged_before(tenure.asked_end)
        if owed > tenure.seq:
            verdict.add("missing", owed - tenure.seq, f"{name}: ended at {tenure.seq}, and {owed} was acknowledged before")


def compare(name, what, found, expected, verdict):
    if found < expected:
        verdict.add("missing", expected - found, f"{name}: {found} of {expected} {what}")
    elif found > expected:
        verdict.add("doubled", found - expected, f"{name}: {found} {what} for {expected}")


def match_changes(book, record, plan, verdict):
    """Gives the tenures of users whom the backend subscribed the times at which it did."""
    by_place = {}
    for tenure in book.tenures:
        by_place.setdefault((plan.members[tenure.session].user, tenure.channel), []).append(tenure)
    for number, of in enumerate(record.channels):
        changes = {}
        for change in of.changes:
            changes.setdefault(change.user, []).append(change)
        for user, some in changes.items():
            tenures = by_place.get((user, number), [])
            begun = [one for one in tenures if one.began and (one.start_event or one is not tenures[0]
                                                              or user not in plan.channels[number].subscribers)]
            comes, goes = ([one for one in some if one.is_coming is coming] for coming in (True, False))
            ended = [one for one in tenures if one.ended]
            if len(comes) != len(begun) or len(goes) != len(ended):
                verdict.problems.append(f"{user} came {len(comes)} and went {len(goes)} times at channel {number}, and was "
                                        f"told of {len(begun)} and {len(ended)}")
                continue
            for tenure, change in zip(begun, comes):
                tenure.asked = change.sent
            for tenure, change in zip(ended, goes):
                tenure.asked_end = change.sent
