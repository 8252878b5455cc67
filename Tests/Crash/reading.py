"""Reads a territory as anybody can, in the form in which the oracle shows it."""
from oracle import PROFILE
from rest import SERVER_FAULTS, Faulty
from talk import NotLetIn, Talk, code_of

# A token of so long ago is good for whoever was never kicked.
AGO = -3600
KICKED = 70001
# The user whose sessions read where the channels stand.
READER = "reader"


class Refused(Exception):
    """Reading was answered with an error."""


async def read(caller, application, channels, names, host, port, seen=None):
    """What there is of these channels and accounts.

    Faulty or Lost when the server is in trouble: at once over a socket, by REST when the caller is impatient. Who gives a
    dict finds in it what was read before reading failed: each part is put in when it is whole.
    """
    seen = {} if seen is None else seen
    seen |= {"channels": {}, "accounts": {}, "subscriptions": {}}
    await read_channels(caller, application, channels, host, port, seen)
    seen["imported"] = await imported(caller, names)
    for name in seen["imported"]:
        listed = await must(caller, "get_subscribed_official_account_list", {"Subscriber_Account": name, "Limit": 200})
        seen["subscriptions"][name] = {item["Official_Account"] for item in listed["OfficialAccountInfoList"]}
        there = sorted(seen["subscriptions"][name] & seen["channels"].keys())
        seen["accounts"][name], views = await own(caller, application, name, {channel: seen["channels"][channel]
                                                                              for channel in there}, host, port)
        for channel, (unread, posts, missing) in views.items():
            for part, value in (("unread", unread), ("histories", posts), ("resumed", missing)):
                seen["channels"][channel][part][name] = value
    return seen


async def read_channels(caller, application, channels, host, port, seen):
    answer = await must(caller, "get_official_account_info",
                        {"OfficialAccountIdList": [{"Official_Account": name} for name in channels]})
    there = [item for item in answer["OfficialAccountInfoList"] if not item["ErrorCode"]]
    for item in there:
        seen["channels"][item["Official_Account"]] = {
            "profile": {part: item[part] for part in (*PROFILE, "Owner_Account")},
            "count": item["SubscriberNum"], "unread": {}, "histories": {}, "resumed": {}}
    seen["there"] = sorted(seen["channels"])
    async with Talk(application, READER, host, port, patience=caller.PATIENCE) as talk:
        heads = {item["Official_Account"]: item for item in await standing(talk, channels)}
        listed = await all_channels(talk)
    seen["listed"] = [name for name in listed if name in channels]
    for name, channel in seen["channels"].items():
        head = heads[name]
        channel |= {"head": head["HeadMsgSeq"], "events": head["HeadEventSeq"], "epoch": head["Epoch"]}
        channel["posts"] = await history(caller, name)
        channel["receipt"] = await receipt(caller, name, channel["posts"])
        channel["subscribers"] = await subscribers(caller, name)


async def must(caller, command, body):
    answer = await caller.call(command, body)
    if answer["ErrorCode"] in SERVER_FAULTS:
        raise Faulty(f"{command} {body}: {answer}")
    if answer["ErrorCode"]:
        raise Refused(f"{command} {body}: {answer}")
    return answer


async def standing(talk, channels):
    answer = await talk.request("getOfficialAccountsInfo", {
        "OfficialAccountIdList": [{"Official_Account": name} for name in channels]})
    return result(answer)["OfficialAccountInfoList"]


async def all_channels(talk):
    """The IDs of the application's channels, a page behind the other."""
    found, after = [], {}
    while True:
        page = result(await talk.request("getOfficialAccountList", {"Limit": 10, **after}))
        found += [item["Official_Account"] for item in page["OfficialAccountInfoList"]]
        if page["CompleteFlag"]:
            return found
        after = {"After": found[-1]}


def result(answer):
    if code_of(answer):
        raise Refused(answer)
    return answer["result"]


async def history(caller, channel):
    async def ask(body):
        return await must(caller, "official_account_msg_get_simple", body)
    return await pages(ask, channel)


async def pages(ask, channel):
    """All posts of a history, asked for by the server's API or by a subscriber."""
    found, last = [], {}
    while True:
        page = await ask({"Official_Account": channel, "ReqMsgNumber": 20, "WithRecalledMsg": 1, **last})
        if not page["RspMsgList"]:
            return found
        found[:0] = [(post["MsgSeq"], post["MsgKey"],
                      None if post["IsPlaceMsg"] == 2 else text_of(post)) for post in page["RspMsgList"]]
        last = {"LastMsgKey": page["LastMsgKey"]}


def text_of(post):
    return post["MsgBody"][0]["MsgContent"]["Text"]


async def receipt(caller, channel, posts):
    """Of the newest stored post the number, and how many have read it."""
    if not posts:
        return None
    answer = await must(caller, "rostrum_svc/get_broadcast_receipt", {"Official_Account": channel, "MsgKey": posts[-1][1]})
    return answer["MsgSeq"], answer["ReadNum"]


async def subscribers(caller, channel):
    found, cursor = [], ""
    while True:
        page = await must(caller, "get_subscriber_info", {"Official_Account": channel, "Limit": 200, "Next": cursor})
        found += [(item["Subscriber_Account"], item["CustomString"], item["MsgFlag"])
                  for item in page["SubscriberList"]]
        if not (cursor := page["Next"]):
            return found


async def imported(caller, names):
    there = []
    for first in range(0, len(names), 100):
        answer = await must(caller, "im_open_login_svc/account_check",
                            {"CheckItem": [{"UserID": name} for name in names[first:first + 100]]})
        there += [item["UserID"] for item in answer["ResultItem"] if item["AccountStatus"] == "Imported"]
    return there


async def own(caller, application, user, channels, host, port):
    """Whether the user was kicked, and what he has of each channel: as many posts that he has not read, and which there are."""
    try:
        async with Talk(application, user, host, port, AGO, caller.PATIENCE) as talk:
            return False, await views(talk, channels)
    except NotLetIn as refusal:
        if refusal.code != KICKED:
            raise
    async with Talk(application, user, host, port, patience=caller.PATIENCE) as talk:
        return True, await views(talk, channels)


async def views(talk, channels):
    # Asks something in any case, so that a refused login is met.
    await talk.request("getOfficialAccountsInfo", {"OfficialAccountIdList": []})

    async def ask(body):
        return result(await talk.request("getHistoryMessageList", body))

    missing = await resume(talk, channels)
    return {channel: (await unread(talk, channel), await pages(ask, channel), missing[channel]) for channel in channels}


async def unread(talk, channel):
    return result(await talk.request("getUnreadMessageCount", {"Official_Account": channel}))["UnreadMsgNum"]


async def resume(talk, channels):
    """Of each channel what it brings to one who says that he has nothing; without posts that no history has."""
    found = {name: {"posts": [], "recalled": [], "edited": False, "position": None} for name in channels}
    positions = {name: {"Epoch": channel["epoch"], "MsgSeq": 0, "EventSeq": 0} for name, channel in channels.items()}
    while positions:
        answers, left = result(await talk.request("resume", positions)), {}
        for name, answer in answers.items():
            one, stored = found[name], {seq for seq, _, _ in channels[name]["posts"]}
            if answer.get("reload"):
                one["reload"] = True
                continue
            one["posts"] += [(post["MsgSeq"], post["MsgKey"], text_of(post)) for post in answer["messages"]
                             if post["MsgSeq"] in stored]
            one["recalled"] = sorted(one["recalled"] + [post["MsgSeq"] for post in answer.get("revoked", [])])
            one["edited"] = one["edited"] or "infoChanged" in answer
            one["position"] = answer["MsgSeq"], answer["EventSeq"]
            if answer.get("more"):
                left[name] = {member: answer[member] for member in ("Epoch", "MsgSeq", "EventSeq")}
        positions = left
    return found


def learn(territory, seen):
    """Takes over what could not be foretold: epochs, and keys whose answer was lost. What is wrong with them."""
    problems = []
    for name, channel in territory.channels.items():
        found = seen["channels"].get(name)
        if not found:
            continue
        if channel.epoch is None:
            channel.epoch = found["epoch"]
            earlier = territory.epochs.setdefault(name, [])
            if channel.epoch in earlier:
                problems.append(f"{name} has the epoch {channel.epoch}, which an earlier channel had")
            earlier.append(channel.epoch)
        keys = {seq: key for seq, key, _ in found["posts"]}
        for post in channel.posts:
            post.key = post.key or keys.get(post.seq)
    return problems
