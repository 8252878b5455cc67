"""What `scripts/fuzz-api` does besides generating requests.

As a module of schemathesis: makes most calls those of an app admin on things that exist, so that they get beyond
authentication and beyond "there is no such channel", and checks that every code is one that the document declares.

As a program: `URL prepare` makes those things in the emulator at URL and prints its OpenAPI document; `URL tally`
reads the metrics there and says how many calls of each command came how far.
"""

import json
import os
import re
import sys
import urllib.parse
import urllib.request
import zlib

QUERY = {
    "sdkappid": "88888888",
    "identifier": "administrator",
    "usersig": os.environ.get("FUZZ_USERSIG", ""),
    "random": "99999999",
    "contenttype": "json",
}
CHANNEL = "@TOA#_fuzz"
# Commands that spoil a channel for the others have channels, or users, of their own.
CHANNELS_OF = {
    "create_official_account": [f"@TOA#_spare{number}" for number in range(20)],
    "destroy_official_account": [f"@TOA#_spare{number}" for number in range(20)],
    "modify_official_account_base_info": ["@TOA#_changing"],
}
USERS = ["anna", "bella", "carl", "dora"]
USERS_OF = {"delete_subscriber": ["erik", "fred"], "account_delete": ["gina", "hugo"], "kick": ["erik"]}
# What is answered before the body is looked at; most of it by authentication.
DOOR = {60002, 60007, 60008, 60009, 60010, 60012, 60016, 60025, *range(70001, 70051)}
CHANNEL_FIELDS = {"Official_Account", "OfficialAccount", "OfficialAccountUserID"}
USER_FIELDS = {"Subscriber_Account", "Owner_Account", "UserID", "Identifier"}
USER_LISTS = {"SubscriberToDel_Account", "To_Account"}
CHANNELS = "/v4/official_account_open_http_svc"


def lot(case) -> int:
    """A number that is the same whenever the same request is sent again, as it is when a finding is made smaller."""
    text = repr((case.path, case.query, case.body)).encode("utf-8", "surrogatepass")
    return zlib.crc32(text)


def name_what_exists(value, command: str, number: int):
    """The value with channels and users that exist in place of most that do not."""
    channels = CHANNELS_OF.get(command, [CHANNEL])
    users = USERS_OF.get(command, USERS)
    if isinstance(value, list):
        return [name_what_exists(item, command, number + position) for position, item in enumerate(value)]
    if not isinstance(value, dict) or number % 5 == 0:
        return value
    named = {}
    for name, member in value.items():
        if isinstance(member, str) and name in CHANNEL_FIELDS:
            member = channels[number % len(channels)]
        elif isinstance(member, str) and name in USER_FIELDS:
            member = users[number % len(users)]
        elif name in USER_LISTS and isinstance(member, list) and all(isinstance(item, str) for item in member):
            member = [users[(number + position) % len(users)] for position in range(len(member))]
        else:
            member = name_what_exists(member, command, number)
        named[name] = member
    return named


def install() -> None:
    import schemathesis
    from schemathesis.core.failures import Failure

    @schemathesis.hook
    def before_call(context, case, kwargs):
        number = lot(case)
        # One in ten stays as it was made, and is judged by its URL.
        if number % 10:
            case.query = dict(QUERY)
        # One in ten keeps its key, if it has one; under a key that was used for another body nothing is looked at.
        if number // 10 % 10 and case.headers:
            case.headers.pop("Idempotency-Key", None)
        if isinstance(case.body, dict):
            case.body = name_what_exists(case.body, case.path.rsplit("/", 1)[-1], number // 100)

    @schemathesis.check
    def documented_error_code(ctx, response, case):
        try:
            code = json.loads(response.content)["ErrorCode"]
        except (ValueError, KeyError, TypeError):
            return  # for another check to find
        definition = case.operation.definition.raw
        errors = definition["x-rostrum-errors"] + case.operation.schema.raw_schema["x-rostrum-common-errors"]
        declared = {0} | {error["code"] for error in errors}
        if code not in declared:
            raise Failure(operation=case.operation.label, title="Undeclared error code", message=str(code))


def call(base: str, path: str, body: dict) -> None:
    url = f"{base}{path}?{urllib.parse.urlencode(QUERY)}"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as reply:
        envelope = json.load(reply)
    if envelope["ErrorCode"] not in (0, 130008):
        sys.exit(f"fuzz-api: {path} answers {envelope}")


def prepare(base: str) -> None:
    users = sorted({*USERS, *(user for users in USERS_OF.values() for user in users)})
    call(base, "/v4/im_open_login_svc/multiaccount_import", {"Accounts": users})
    for channel in sorted({CHANNEL, *(channel for channels in CHANNELS_OF.values() for channel in channels)}):
        new = {"OfficialAccountUserID": channel, "Owner_Account": USERS[0], "Name": "Fuzz"}
        call(base, f"{CHANNELS}/create_official_account", new)
    subscribers = {"Official_Account": CHANNEL, "SubscriberList": [{"Subscriber_Account": user} for user in users]}
    call(base, f"{CHANNELS}/add_subscriber", subscribers)
    with urllib.request.urlopen(f"{base}/openapi.json", timeout=10) as reply:
        sys.stdout.write(reply.read().decode())


def tally(base: str) -> None:
    with urllib.request.urlopen(f"{base}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    counts: dict[str, dict[int, int]] = {}
    for line in lines:
        labels = re.match(r"rostrum_requests_total\{(.*)\} (\d+)$", line)
        if labels:
            command = re.search(r'command="([^"]*)"', labels[1])[1]
            code = int(re.search(r'code="([^"]*)"', labels[1])[1])
            counts.setdefault(command, {})[code] = int(labels[2])
    print(f"{'':40}{'success':>9}{'refused':>9}{'turned away':>13}")
    for command, codes in sorted(counts.items()):
        success, away = codes.get(0, 0), sum(count for code, count in codes.items() if code in DOOR)
        refused = sum(codes.values()) - success - away
        most = max((code for code in codes if code in DOOR), key=codes.get, default="")
        print(f"{command:40}{success:9}{refused:9}{away:13}  mostly {most}")
        if command != "unknown" and (success == 0 or away > success + refused):
            sys.exit(f"fuzz-api: too few calls of {command} get anywhere")


if __name__ == "__main__":
    {"prepare": prepare, "tally": tally}[sys.argv[2]](sys.argv[1])
else:
    install()
