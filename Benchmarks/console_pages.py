"""The pages of the console that are measured: all that its routes have, or the benchmark fails."""
import pathlib
import re
import urllib.parse

from console_filling import (ACCOUNTS, BUSIEST, CHANNELS, DAY, DELIVERIES, ENDLESS, ENTRIES, LARGEST, LONG, LONGEST,
                             OPERATOR_ENTRIES, OPERATORS, POSTS, RARE, account, channel, delivery)
from harness import APP

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "Sources" / "Console"
CONSOLE, HERE = "/console", f"/console/apps/{APP}"
# What is no page: the stream of the monitor is measured by itself, the file is as long as the channel.
OTHERS = {"monitor/stream", "apps/:app/channels/:channel/subscribers.csv"}
OF_EMULATOR = re.compile(r"/tools/(requests|emulator)")


def quoted(text):
    return urllib.parse.quote(text, safe="")


def query(**fields):
    return "?" + urllib.parse.urlencode(fields)


def routes():
    """What the console answers to a GET, and to the POSTs that answer with a page and change nothing, as its sources say."""
    text = "".join(path.read_text() for path in sorted(SOURCES.glob("*/*.swift")))
    found = re.findall(r'routes\.(?:get|poll|postErrand)\("([^"]*)"|routes\.open\(\.get, "([^"]*)"', text)
    if len(found) != len(re.findall(r"routes\.(?:get|poll|postErrand)\(|routes\.open\(\.get", text)):
        raise SystemExit("a route of the console is written in a way that this benchmark does not read")
    return sorted({one or other for one, other in found} - OTHERS)


def forgotten(pages, is_emulator):
    """The routes of which no page is measured."""
    paths = [page[1].split("?")[0] for page in pages]

    def is_measured(route):
        pattern = re.escape(f"{CONSOLE}/{route}".rstrip("/"))
        return any(re.fullmatch(re.sub(r":\w+", "[^/]+", pattern), path) for path in paths)

    return [route for route in routes() if not is_measured(route) and (is_emulator or not OF_EMULATOR.search(route))]


def pages(filling, visitor, is_emulator):
    """Name, path, and the form where it is asked for by one."""
    return [*of_installation(filling), *accounts(), *channels(filling), *one_channel(filling, visitor), *webhooks(filling),
            *tools(filling), *(emulator(visitor) if is_emulator else [])]


def of_installation(filling):
    middle = ENTRIES // 2
    return [
        ("the way in", f"{CONSOLE}/sign-in"),
        ("from the root to the applications", CONSOLE),
        ("applications", f"{CONSOLE}/apps"),
        ("applications, from the middle", f"{CONSOLE}/apps{query(after=APP + 20)}"),
        ("a new application", f"{CONSOLE}/apps/new"),
        ("an application", HERE),
        ("its settings", f"{HERE}/settings"),
        ("its audit: imports of a hundred", f"{HERE}/audit"),
        ("its audit, from the middle", f"{HERE}/audit{query(before=filling.entered(middle), request=f'request-{middle}')}"),
        ("operators", f"{CONSOLE}/operators"),
        ("operators, from the middle", f"{CONSOLE}/operators" + query(
            after=f"operator_of_many_characters_{1000 + OPERATORS // 2}")),
        ("one's own account", f"{CONSOLE}/account"),
        ("the operators' audit", f"{CONSOLE}/audit"),
        ("the operators' audit, from the middle", f"{CONSOLE}/audit" + query(
            before=filling.entered(OPERATOR_ENTRIES // 2), request=f"request-{OPERATOR_ENTRIES // 2}")),
    ]


def accounts():
    def searched(text):
        return f"{HERE}/accounts{query(q=text)}"

    return [
        ("accounts", f"{HERE}/accounts"),
        ("accounts, from the middle", f"{HERE}/accounts{query(q='', after=account(ACCOUNTS // 2))}"),
        ("accounts, searched: all begin so", searched("user_")),
        ("accounts, searched: from the middle of a tenth", f"{HERE}/accounts{query(q='user_19', after=account(950_000))}"),
        ("accounts, searched: the last one", searched(account(ACCOUNTS - 1))),
        ("accounts, searched: none", searched("user_a")),
        ("accounts, all of it markup", searched("zz_")),
        ("an import", f"{HERE}/accounts-import"),
        ("an account, the owner of all channels", f"{HERE}/accounts/administrator"),
        ("its channels, from the middle", f"{HERE}/accounts/administrator{query(owned=channel(CHANNELS // 2))}"),
        ("an account of 20,000 subscriptions", f"{HERE}/accounts/{BUSIEST}"),
        ("an account, all of it markup", f"{HERE}/accounts/zz_of_thirty_two_characters_1000"),
    ]


def channels(filling):
    half = CHANNELS // 2
    created = filling.now - DAY + half
    values = {"id": "", "name": f"{created} Channel {half}", "created": created, "subscribers": f"{created} {half % 50}"}
    for order, value in values.items():
        for direction in ("asc", "desc"):
            what = f"channels by {order}, {'up' if direction == 'asc' else 'down'}"
            yield what, f"{HERE}/channels{query(sort=order, order=direction)}"
            yield f"{what}, from the middle", f"{HERE}/channels" + query(
                sort=order, order=direction, after=channel(half), value=value)
    for order, text in [("name", "Channel "), ("name", "Channel 99999"), ("name", "Channel a"), ("name", "<"),
                        ("id", "channel_"), ("id", "channel_199999"), ("id", "channel_a"), ("id", "y")]:
        name = text.strip().replace("<", "markup")
        yield f"channels, {order} begins with {name}", f"{HERE}/channels{query(sort=order, q=text)}"
    yield "a new channel", f"{HERE}/channels/new"


def one_channel(filling, visitor):
    for name, identifier, posts in [("100,000", LARGEST, POSTS), ("markup", LONGEST, LONG)]:
        path = f"{HERE}/channels/{quoted(identifier)}"
        yield f"a channel ({name})", path
        yield f"its form ({name})", f"{path}/edit"
        yield f"subscribers ({name})", f"{path}/subscribers"
        yield f"subscribers, from the middle ({name})", visitor.follow(f"{path}/subscribers", 1 if posts == LONG else 250)
        yield f"posts ({name})", f"{path}/posts"
        yield f"posts, from the middle ({name})", f"{path}/posts{query(before=filling.post(posts, posts // 2))}"
        for number in range(1, 4):
            yield f"post {number} ({name})", f"{path}/posts/{filling.post(posts, number)}"
        yield f"a post is written ({name})", f"{path}/compose"
    path = f"{HERE}/channels/{quoted(LARGEST)}"
    for what, user in [("the last one", account(99_999)), ("none", account(100_000))]:
        yield f"a subscriber, searched: {what}", f"{path}/subscribers{query(account=user)}"


def webhooks(filling):
    hooks, half = f"{HERE}/webhooks", DELIVERIES // 2
    place = {"before": f"{filling.attempted(half)}.1.{delivery(half)}"}
    filters = {"all": {}, "failed": {"outcome": "failed"}, "delivered": {"outcome": "delivered"},
               "a channel": {"channel": channel(0)}, "what only the oldest are": {"command": RARE},
               "nothing": {"channel": "nowhere"}}
    yield "webhooks", hooks
    yield "how they go", f"{hooks}/rate"
    for name, fields in filters.items():
        yield f"delivery log: {name}", f"{hooks}/log{query(**fields)}"
        yield f"delivery log, from the middle: {name}", f"{hooks}/log{query(**place, **fields)}"
    yield "delivery log, its end: what only the oldest are", f"{hooks}/log" + query(
        before=f"{filling.attempted(500)}.1.{delivery(500)}", command=RARE)
    yield "a delivery", f"{hooks}/deliveries/{delivery(half + 1)}"
    yield "a delivery of many attempts, all of it markup", f"{hooks}/deliveries/{ENDLESS}"
    yield "a delivery that waits behind many", f"{hooks}/deliveries/{'e' + delivery(99_500)[1:]}"
    yield "dead letters", f"{hooks}/dead"
    yield "dead letters, from the middle", f"{hooks}/dead{query(before=f'{filling.attempted(half)}.{delivery(half)}')}"


def tools(filling):
    path = f"{HERE}/tools"
    return [
        ("tools", path),
        ("a call's changes", f"{path}{query(request='request-100000')}"),
        ("a call that changed nothing", f"{path}{query(request='0123456789abcdef-1')}"),
        ("UserSigs", f"{path}/usersig"),
        ("a UserSig is checked", f"{path}/usersig", {"token": "eJw" * 300, "identifier": "administrator"}),
        ("API explorer", f"{path}/explorer"),
        ("API explorer, a command", f"{path}/explorer{query(command='send_official_account_msg')}"),
        ("API explorer, a reply of 200 subscribers", f"{path}/explorer", {
            "command": "get_subscriber_info", "body": f'{{"Official_Account":"{LARGEST}"}}'}),
        ("API explorer, a reply of markup", f"{path}/explorer", {
            "command": "get_subscriber_info", "body": f'{{"Official_Account":"{LONGEST}"}}'}),
    ]


def emulator(visitor):
    path = f"{HERE}/tools"
    requests = f"{path}/requests"
    return [
        ("requests", requests),
        ("requests, from the middle", f"{requests}{query(before=500)}"),
        ("requests, searched: none", f"{requests}{query(command='destroy_official_account', code='1')}"),
        ("requests, asked again", f"{requests}.html"),
        ("whether there are new requests", f"{requests}.json"),
        ("a request", visitor.first_link(requests, r"/tools/requests/[0-9a-f-]+")),
        ("emulator", f"{path}/emulator"),
    ]


def monitor():
    """Measured last, when there is something to show."""
    return [
        ("monitor", f"{CONSOLE}/monitor"),
        ("monitor, ten minutes", f"{CONSOLE}/monitor/history?span=10m"),
        ("monitor, a day", f"{CONSOLE}/monitor/history?span=1d"),
    ]
