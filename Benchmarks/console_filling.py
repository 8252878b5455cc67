"""A large installation that has been used for years, as rows of both engines: what the console's pages are measured with.

The rows are written in bulk, as the server would have written them one by one. Beside what is ordinary stands what is as
long as may be and all of it markup, which a page has to write in five or six characters for one.
"""
import json
import time

from harness import APP

CHANNELS, ACCOUNTS, SUBSCRIBERS, POSTS = 100_000, 1_000_000, 100_000, 100_000
DELIVERIES, DEAD, LANES, WAITING = 200_000, 20_000, 1_000, 100_000
ENTRIES, OPERATOR_ENTRIES, OPERATORS, SESSIONS = 200_000, 100_000, 300, 10_000
# How many of each kind are as long as may be: more than a page shows.
LONG = 300
# Changes of one request, posts and attempts lie so far apart, in ms: all of them within what is kept.
BETWEEN_ENTRIES, BETWEEN_POSTS, BETWEEN_ATTEMPTS = 60_000, 5_000, 2_900
DAY = 86_400_000

LARGEST = "@TOA#_channel_150000"        # it has the subscribers and the posts
LONGEST = "@TOA#_" + "z" * 42           # everything about it is as long as may be
BUSIEST = "user_1999999"                # subscribes to a fifth of the channels
ENDLESS = "f" * 32                      # a delivery of many attempts
MARKUP = "<&\"'"


def markup(length):
    return (MARKUP * length)[:length]


def account(number):
    return f"user_{ACCOUNTS + number}"


def channel(number):
    return f"@TOA#_channel_{CHANNELS + number}"


def delivery(number):
    return f"{1_000_000_000 + number:032}"


def numbers(count):
    """Where the rows of an INSERT … SELECT come from: `n` counts from 0."""
    return (f"WITH RECURSIVE numbers (n) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers "
            f"WHERE n + 1 < {count}) ")


class Filling:
    """Statements for one engine, which differ in how bytes are written and in nothing else."""

    def __init__(self, bytes_literal):
        self.bytes, self.now = bytes_literal, int(time.time() * 1000)

    def text(self, text):
        return "'" + text.replace("'", "''") + "'"

    def rows(self, table, count, **columns):
        """So many rows of the application; the values may name `n`."""
        return (f"{numbers(count)}INSERT INTO {table} (app, {', '.join(columns)}) SELECT {APP}, "
                f"{', '.join(str(value) for value in columns.values())} FROM numbers")

    def statements(self):
        return [*self.accounts(), *self.channels(), *self.subscriptions(), *self.posts(), *self.webhooks(), *self.audits(),
                *self.operators()]

    def accounts(self):
        for count, name, nick in [(ACCOUNTS, f"'user_' || ({ACCOUNTS} + n)", "'User ' || n"),
                                  (LONG, "'zz_of_thirty_two_characters_' || (1000 + n)", self.text(markup(500)))]:
            yield self.rows("accounts", count, id=name, nick=nick, face_url="''", signatures_void_until_seconds=-1,
                            created_at=self.now)
        yield f"UPDATE application_usage SET accounts = accounts + {ACCOUNTS + LONG} WHERE app = {APP}"

    def channels(self):
        def rows(count, identifier, incarnation, **columns):
            profile = {"name": "'Channel ' || n", "introduction": "'About it'", "face_url": "''", "organization": "''",
                       "custom_string": "''"}
            return self.rows("channels", count, id=identifier, owner="'administrator'", **(profile | columns),
                             max_subscribers=10_000_000, subscribers="n % 50", last_message_at=0,
                             created_at=f"{self.now - DAY} + n", incarnation=incarnation,
                             head_seq=0, event_seq=0, stored_broadcasts=0, subscription_head=0)

        longest = {"name": self.text(markup(150)), "introduction": self.text(markup(400)),
                   "face_url": self.text(markup(500)), "organization": self.text(markup(500)),
                   "custom_string": self.text(markup(3000))}
        yield rows(CHANNELS, f"'@TOA#_channel_' || ({CHANNELS} + n)", "n + 1")
        yield rows(LONG, f"'@TOA#_' || '{'y' * 39}' || (100 + n)", f"{CHANNELS} + 1 + n", **longest)
        yield rows(1, self.text(LONGEST), 2 * CHANNELS, **longest)
        for name, subscribers, posts in [(LARGEST, SUBSCRIBERS, POSTS), (LONGEST, LONG, LONG)]:
            yield (f"UPDATE channels SET subscribers = {subscribers}, subscription_head = {subscribers}, "
                   f"head_seq = {posts}, event_seq = {posts}, stored_broadcasts = {posts}, "
                   f"last_message_at = {self.now // 1000} WHERE app = {APP} AND id = '{name}'")
        yield f"UPDATE application_usage SET channels = channels + {CHANNELS + LONG + 1} WHERE app = {APP}"

    def incarnation(self, name):
        return 2 * CHANNELS if name == LONGEST else int(name[-6:]) - CHANNELS + 1

    def subscriptions(self):
        def rows(count, **columns):
            return self.rows("subscriptions", count, **columns, subscribed_at=f"{self.now} + n", joined_seq=0, read_seq=0,
                             message_flag="'AcceptAndNotify'", last_sent_at_seconds=0, version="n + 1")

        def of(name, count, user, note):
            return rows(count, channel=self.text(name), incarnation=self.incarnation(name), account=user, position="n + 1",
                        custom_string=self.text(note))

        yield of(LARGEST, SUBSCRIBERS, f"'user_' || ({ACCOUNTS} + n)", "")
        yield of(LONGEST, LONG, "'zz_of_thirty_two_characters_' || (1000 + n)", markup(3000))
        yield rows(CHANNELS // 5, channel=f"'@TOA#_channel_' || ({CHANNELS} + n)", incarnation="n + 1", position=1,
                   account=self.text(BUSIEST), custom_string="''")

    def posts(self):
        longest = json.dumps([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "<" * 12_000}}])
        usual = [json.dumps([element]) for element in [
            {"MsgType": "TIMTextElem", "MsgContent": {"Text": "Ferry 7 is delayed by twenty minutes. " * 5}},
            {"MsgType": "TIMCustomElem", "MsgContent": {"Data": '{"kind":"survey","question":4}'}},
            {"MsgType": "TIMTextElem", "MsgContent": {"Text": "<" * 11_000}}]]
        cases = " ".join(f"WHEN {number} THEN {self.bytes(body.encode())}" for number, body in enumerate(usual))
        for name, count, body in [(LARGEST, POSTS, f"CASE n % {len(usual)} {cases} END"),
                                  (LONGEST, LONG, self.bytes(longest.encode()))]:
            yield self.rows("broadcasts", count, channel=self.text(name), incarnation=self.incarnation(name), seq="n + 1",
                            event_seq="n + 1", sent_at=f"{self.now - count * BETWEEN_POSTS} + n * {BETWEEN_POSTS}",
                            random="n + 1", kind="'stored'", stored_before="n", digest=self.bytes(bytes(32)), body=body,
                            updates_last_message=1)

    def post(self, count, number):
        """The key of a post, counted from 1, of a channel with so many."""
        sent = self.now - count * BETWEEN_POSTS + (number - 1) * BETWEEN_POSTS
        return f"{number}_1_{sent // 1000}"

    def webhooks(self):
        usual = {"CallbackCommand": "OfficialAccount.CallbackAfterSendMsg", "Official_Account": LARGEST, "MsgKey": "1_1_1",
                 "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Ferry 7 is delayed by twenty minutes."}}]}
        body, longest = json.dumps(usual).encode(), json.dumps({"Text": markup(14_000)}).encode()
        reply = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}'
        names = "'0000000000000000000000' || (1000000000 + {})"
        failed = f"n % {DELIVERIES // DEAD} = 0"
        attempt = {"command": f"CASE WHEN n < 20 THEN '{RARE}' ELSE 'OfficialAccount.CallbackAfterSendMsg' END"}
        yield self.rows("webhook_attempts", DELIVERIES, at=f"{self.attempted(0)} + n * {BETWEEN_ATTEMPTS}",
                        delivery=names.format("n"), attempt=1, channel=f"'@TOA#_channel_' || ({CHANNELS} + n % {LANES})",
                        **attempt, outcome=f"CASE WHEN {failed} THEN 'timed out' ELSE 'status 200' END",
                        status=f"CASE WHEN {failed} THEN NULL ELSE 200 END", latency_ms="n % 50", reply=self.bytes(reply),
                        request=f"CASE WHEN {failed} THEN NULL ELSE {self.bytes(body)} END")
        yield self.rows("webhook_attempts", LONG, at=f"{self.now - LONG} + n", delivery=self.text(ENDLESS), attempt="n + 1",
                        channel=self.text(LONGEST), command="'OfficialAccount.CallbackAfterSendMsg'",
                        outcome=self.text("status 500"), status=500, latency_ms=1999, reply=self.bytes(markup(256).encode()))
        letter = {"client_address": "'127.0.0.1'", "platform": "'RESTAPI'", "queued_at": self.now - DAY, "number": "n + 1",
                  "command": "'OfficialAccount.CallbackAfterSendMsg'", "channel": self.text(LONGEST), "attempts": 40}
        every = DELIVERIES // DEAD
        yield self.rows("dead_letters", DEAD, died_at=f"{self.attempted(0)} + n * {BETWEEN_ATTEMPTS * every}",
                        delivery=names.format(f"n * {every}"), body=self.bytes(body), reason="'timed out'", **letter)
        yield self.rows("dead_letters", 1, died_at=self.now, delivery=self.text(ENDLESS), body=self.bytes(longest),
                        reason="'status 500'", **letter)
        waiting = letter | {"channel": f"'@TOA#_channel_' || ({CHANNELS} + n % {LANES})", "number": f"n / {LANES} + 1"}
        del waiting["attempts"]
        yield self.rows("outbox", WAITING, delivery="'e000000000000000000000' || (1000000000 + n)", body=self.bytes(body),
                        **waiting)
        yield self.rows("webhook_attempts", LANES, at=f"{self.now - DAY // 20} + n", attempt=1, latency_ms=5000,
                        delivery=f"'e000000000000000000000' || (1000000000 + {WAITING - LANES} + n)",
                        channel=waiting["channel"], command=waiting["command"], outcome="'timed out'", reply=self.bytes(b""))
        yield self.rows("outbox_lanes", LANES, channel=f"'@TOA#_channel_' || ({CHANNELS} + n)",
                        last_number=WAITING // LANES, failures=5, due_at=f"{self.now + DAY} + n % 20")

    def attempted(self, number):
        """When a delivery was tried."""
        return self.now - DELIVERIES * BETWEEN_ATTEMPTS - DAY // 10 + number * BETWEEN_ATTEMPTS

    def audits(self):
        hundred = ",".join(f"zz_of_thirty_two_characters_{1000 + number}" for number in range(100))
        entry = {"address": "'127.0.0.1'", "action": "'multiaccount_import'", "operator": "'administrator'"}
        target = f"CASE WHEN n < {ENTRIES - LONG} THEN 'user_' || n ELSE {self.text(hundred)} END"
        yield self.rows("audit", ENTRIES, **entry, at=f"{self.entered(0)} + n * {BETWEEN_ENTRIES}",
                        request="'request-' || n", target=target)

    def entered(self, number):
        return self.now - (ENTRIES - number) * BETWEEN_ENTRIES

    def operators(self):
        yield (f"{numbers(OPERATOR_ENTRIES)}INSERT INTO operator_audit (at, request, operator, address, action, target) "
               f"SELECT {self.entered(0)} + n * {BETWEEN_ENTRIES}, 'request-' || n, 'operator:alice', '2001:db8::1', "
               "'signed in', 'operator_' || n FROM numbers")
        yield (f"{numbers(OPERATORS)}INSERT INTO operators (name, role, password, used_step, created_at) "
               f"SELECT 'operator_of_many_characters_' || (1000 + n), 'read-only', '', 0, {self.now} FROM numbers")
        yield (f"{numbers(SESSIONS)}INSERT INTO operator_sessions (digest, name, address, created_at, used_at) "
               f"SELECT 'session-' || n, 'operator_of_many_characters_1000', '2001:db8::1', {self.now}, {self.now} "
               "FROM numbers")


RARE = "OfficialAccount.CallbackAfterOfficialAccountFull"
