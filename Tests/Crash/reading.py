"""Reads a territory as anybody can, in the form in which the oracle shows it."""
from oracle import PROFILE
from talk import NotLetIn, Talk

# A token of so long ago is good for whoever was never kicked.
AGO = -3600
KICKED = 70001
# The user whose sessions read where the channels stand.
READER = "reader"


class Refused(Exception):
    """Reading was answered with an error."""


async def read(caller, application, channels, names, host, port):
    """What there is of these channels and accounts."""
    seen = {"channels": {}, "accounts": {}, "subscriptions": {}}
    answer = await must(caller, "get_official_account_info",
                        {"OfficialAccountIdList": [{"Official_Account": name} for name in channels]})
    heads = {item["Official_Account"]: item for item in await standing(application, channels, host, port)}
    for item in answer["OfficialAccountInfoList"]:
        if item["ErrorCode"]:
            continue
        name = item["Official_Account"]
        seen["channels"][name] = {
            "profile": {part: item[part] for part in (*PROFILE, "Owner_Account")},
            "posts": await history(caller, name),
            "subscribers": await subscribers(caller, name),
            "unread": {},
            "count": item["SubscriberNum"],
            "head": heads[name]["HeadMsgSeq"],
            "events": heads[name]["HeadEventSeq"],
            "epoch": heads[name]["Epoch"],
        }
    for name in await imported(caller, names):
        listed = await must(caller, "get_subscribed_official_account_list", {"Subscriber_Account": name, "Limit": 200})
        seen["subscriptions"][name] = {item["Official_Account"] for item in listed["OfficialAccountInfoList"]}
        seen["accounts"][name], unread = await own(application, name, sorted(seen["subscriptions"][name]), host, port)
        for channel, count in unread.items():
            if channel in seen["channels"]:
                seen["channels"][channel]["unread"][name] = count
    return seen


async def must(caller, command, body):
    answer = await caller.call(command, body)
    if answer["ErrorCode"]:
        raise Refused(f"{command} {body}: {answer}")
    return answer


async def standing(application, channels, host, port):
    async with Talk(application, READER, host, port) as talk:
        answer = await talk.request("getOfficialAccountsInfo", {
            "OfficialAccountIdList": [{"Official_Account": name} for name in channels]})
        return result(answer)["OfficialAccountInfoList"]


def result(answer):
    if "error" in answer:
        raise Refused(answer)
    return answer["result"]


async def history(caller, channel):
    found, last = [], {}
    while True:
        page = await must(caller, "official_account_msg_get_simple",
                          {"Official_Account": channel, "ReqMsgNumber": 20, "WithRecalledMsg": 1, **last})
        if not page["RspMsgList"]:
            return found
        found[:0] = [(post["MsgSeq"], post["MsgKey"],
                      None if post["IsPlaceMsg"] == 2 else post["MsgBody"][0]["MsgContent"]["Text"])
                     for post in page["RspMsgList"]]
        last = {"LastMsgKey": page["LastMsgKey"]}


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


async def own(application, user, channels, host, port):
    """Whether the user was kicked, and how many posts of each channel he has not read."""
    was_kicked = False
    try:
        async with Talk(application, user, host, port, AGO) as talk:
            unread = await unread_of(talk, channels)
    except NotLetIn as refusal:
        if refusal.code != KICKED:
            raise
        was_kicked = True
        async with Talk(application, user, host, port) as talk:
            unread = await unread_of(talk, channels)
    return was_kicked, unread


async def unread_of(talk, channels):
    # Asks something in any case, so that a refused login is met.
    await talk.request("getOfficialAccountsInfo", {"OfficialAccountIdList": []})
    return {channel: result(await talk.request("getUnreadMessageCount", {"Official_Account": channel}))["UnreadMsgNum"]
            for channel in channels}


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
