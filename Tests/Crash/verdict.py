"""Tells what differs, in words."""
import copy


def differences(wanted, seen, path=""):
    """Where what is seen differs from what is wanted; an empty list when it does not."""
    if wanted == seen:
        return []
    if isinstance(wanted, dict) and isinstance(seen, dict):
        found = []
        for name in sorted(wanted.keys() | seen.keys()):
            if name not in seen:
                found.append(f"{path}{name} is not there")
            elif name not in wanted:
                found.append(f"{path}{name} is there: {short(seen[name])}")
            else:
                found += differences(wanted[name], seen[name], f"{path}{name}: ")
        return found
    if isinstance(wanted, list) and isinstance(seen, list):
        missing, extra = [one for one in wanted if one not in seen], [one for one in seen if one not in wanted]
        if missing or extra:
            return [f"{path}without {short(missing)}, besides {short(extra)}"]
        return [f"{path}in another order, or twice: {short(seen)}"]
    return [f"{path}{short(seen)} instead of {short(wanted)}"]


def as_far_as(wanted, seen):
    """Of what is wanted those parts of which something was seen: what was not read says nothing."""
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return {name: as_far_as(wanted[name], seen[name]) for name in wanted.keys() & seen.keys()}
    return wanted


def without_epochs(view):
    """What is foretold of a territory: which epochs its channels have is not."""
    view = copy.deepcopy(view)
    for channel in view["channels"].values():
        del channel["epoch"]
    return view


def short(value):
    text = repr(value)
    return text if len(text) < 160 else text[:160] + "…"


def judge_webhooks(expected, deliveries):
    """That each channel's events came in the order of the changes, none left out and none for nothing.

    - expected: of each channel, what was to be told.
    - deliveries: (channel, kind, what it tells) in the order in which the first copy of each came.
    """
    came = {}
    for channel, kind, told in deliveries:
        came.setdefault(channel, []).append((kind, told))
    missing, problems = 0, []
    for channel in sorted(expected.keys() | came.keys()):
        wanted, there = expected.get(channel, []), came.get(channel, [])
        if wanted == there:
            continue
        missing += max(len(wanted) - len(there), 0)
        place = next((place for place, (one, other) in enumerate(zip(wanted, there)) if one != other),
                     min(len(wanted), len(there)))
        problems.append(f"webhooks of {channel}: {len(there)} came of {len(wanted)}; number {place + 1} is "
                        f"{short(there[place:place + 1])} instead of {short(wanted[place:place + 1])}")
    return missing, problems


def told(body):
    """What a delivery tells of which channel."""
    kind = body["CallbackCommand"].removeprefix("OfficialAccount.CallbackAfter")
    match kind:
        case "SendMsg":
            what = seq_of(body["MsgKey"]), body["MsgBody"][0]["MsgContent"]["Text"]
        case "MsgWithDraw":
            what = tuple(seq_of(item["MsgKey"]) for item in body["WithdrawMsgList"])
        case "AddSubscriber" | "DeleteSubscriber":
            what = tuple(item["Subscriber_Account"] for item in body["SubscribeAccountList"])
        case "OfficialAccountInfoChanged":
            parts = ("Name", "Introduction", "FaceUrl", "Organization")
            what = tuple(sorted((part, body[part]) for part in parts if part in body))
        case "OfficialAccountFull":
            what = None
        case _:
            what = body["Name"]
    return body["Official_Account"], kind, what


def seq_of(key):
    return int(key.split("_")[0])
