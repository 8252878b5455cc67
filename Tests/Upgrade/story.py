"""What happened in an installation before its fixture was taken: something of everything that is stored."""
import asyncio

from installation import WEBHOOKS
from rest import LOGIN, Application, Caller
from receiver import Receiver
from talk import Talk

MAIN, WITHOUT_RETRIES, DISABLED = 1400000001, 1400000002, 1400000003
NEWS, TIDES, GONE, SINGLE = "@TOA#_news", "@TOA#_tides", "@TOA#_gone", "@TOA#_single"
USERS = ["anna", "bob", "carol", "dora"]
LIMITS = ["historyDays=0", "broadcastsPerSecond=0", "broadcastsPerHour=0", "callsPerSecond=0", "reimportDays=0"]
# Nobody listens there.
NOWHERE = "http://127.0.0.1:9/hook"
# A call that is made again when the fixture is opened, and must not be done again.
REPEATED = ("send_official_account_msg", {"Official_Account": NEWS, "Random": 77, "MsgBody": [
    {"MsgType": "TIMTextElem", "MsgContent": {"Text": "once"}}]}, "the-same-key")


class Refused(Exception):
    """A call was answered with an error."""


async def done(caller, command, body, key=None):
    answer = await caller.call(command, body, key)
    if answer["ErrorCode"]:
        raise Refused(f"{command} {body}: {answer}")
    return answer


async def asked(talk, method, params):
    answer = await talk.request(method, params)
    if "error" in answer:
        raise Refused(f"{method} {params}: {answer}")
    return answer["result"]


def post(channel, text, **more):
    return {"Official_Account": channel, "Random": len(text), **more,
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}


def found(installation, keys):
    """Makes the applications."""
    for number, name in ((MAIN, "Harbour"), (WITHOUT_RETRIES, "Lighthouse"), (DISABLED, "Closed")):
        installation.command("app", "create", number, "--name", name, "--key", keys[number], "--admin", "administrator")
        installation.command("app", "set", number, "--limits", *LIMITS)
    installation.command("app", "add-admin", MAIN, "ops")
    installation.command("app", "rotate-key", MAIN, "--key", "f" * 64)
    installation.command("app", "set", WITHOUT_RETRIES, "--webhook-url", NOWHERE, "--webhook-retry", "off",
                         "--webhook-enable", *WEBHOOKS)
    installation.command("app", "set", DISABLED, "--disable-serving")
    for name, role in (("harbourmaster", "owner"), ("guest", "read-only")):
        installation.command("operator", "create", name, "--role", role, "--random-password")


async def tell(installation, keys):
    """Everything else, while the server runs. What the repeated call answered."""
    receiver = Receiver()
    await receiver.start("127.0.0.1")
    installation.command("app", "set", MAIN, "--webhook-url", receiver.url, "--webhook-token", "a token",
                         "--webhook-enable", *WEBHOOKS)
    main = Caller(Application(MAIN, keys[MAIN]), installation.host, installation.port)
    await first_part(main)
    answer = await done(main, *REPEATED)
    async with Talk(main.application, "anna", installation.host, installation.port) as talk:
        await asked(talk, "markMessageAsRead", {"Official_Account": NEWS, "MsgSeq": 4})
        await asked(talk, "setReceiveMessageOpt", {"Official_Account": TIDES, "MsgFlag": "Discard"})
    while installation.told("webhooks", "list", MAIN)["waiting"]:
        await asyncio.sleep(0.1)
    await receiver.close()
    installation.command("app", "set", MAIN, "--webhook-url", NOWHERE)
    # A change of settings is known to the server within 5 s; from then on nothing is delivered.
    await asyncio.sleep(6)
    await done(main, "send_official_account_msg", post(NEWS, "Nobody heard of this yet"))
    await done(main, "add_subscriber", {"Official_Account": TIDES, "SubscriberList": [{"Subscriber_Account": "carol"}]})
    await done(main, "send_official_account_msg", post(TIDES, "Nor of this"))
    second = Caller(Application(WITHOUT_RETRIES, keys[WITHOUT_RETRIES]), installation.host, installation.port)
    await done(second, f"{LOGIN}/account_import", {"UserID": "keeper"})
    await done(second, "create_official_account", {"Owner_Account": "keeper", "Name": "One", "OfficialAccountUserID": SINGLE})
    await done(second, "send_official_account_msg", post(SINGLE, "A dead letter"))
    while len(installation.told("webhooks", "list", WITHOUT_RETRIES)["deadLetters"]) < 2:
        await asyncio.sleep(0.1)
    for caller in (main, second):
        caller.close()
    return answer


async def first_part(caller):
    await done(caller, f"{LOGIN}/multiaccount_import", {"AccountList": [{"UserID": user} for user in USERS]})
    await done(caller, f"{LOGIN}/account_import", {"UserID": "anna", "Nick": "Anna", "FaceUrl": "https://example.org/a.png"})
    await done(caller, "create_official_account", {
        "Owner_Account": "anna", "Name": "Harbour News", "OfficialAccountUserID": NEWS, "Introduction": "Ferries",
        "FaceUrl": "https://example.org/h.png", "MaxSubscriberNum": 5000, "Organization": "Port", "CustomString": '{"a":1}'})
    for name in (TIDES, GONE):
        await done(caller, "create_official_account", {"Owner_Account": "bob", "Name": name[5:], "OfficialAccountUserID": name})
    for name in (NEWS, TIDES, GONE):
        await done(caller, "add_subscriber", {
            "Official_Account": name, "SubscriberList": [{"Subscriber_Account": user} for user in ("anna", "bob", "dora")]})
    await done(caller, "modify_subscriber_info", {
        "Official_Account": NEWS, "Subscriber_Account": "anna", "CustomString": "seat 12"})
    await done(caller, "delete_subscriber", {"Official_Account": TIDES, "SubscriberToDel_Account": ["bob"]})
    posts = [await done(caller, "send_official_account_msg", post(NEWS, f"Ferry {number}", CloudCustomData=f"{number}"))
             for number in range(6)]
    await done(caller, "send_official_account_msg", post(NEWS, "Now or never", OnlineOnlyFlag=1))
    await done(caller, "official_account_msg_recall", {
        "Official_Account": NEWS, "MsgKeyList": [posts[1]["MsgKey"]], "Reason": "wrong pier"})
    await done(caller, "modify_official_account_base_info", {"Official_Account": TIDES, "Name": "Tides of today"})
    await done(caller, "destroy_official_account", {"Official_Account": GONE})
    await done(caller, f"{LOGIN}/account_delete", {"DeleteItem": [{"UserID": "dora"}]})
    await done(caller, f"{LOGIN}/kick", {"UserID": "carol"})
