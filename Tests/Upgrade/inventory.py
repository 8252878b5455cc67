"""Everything of a fixture's installation that can be read: over REST, by a subscriber, and by the commands of an operator."""
from rest import ADMIN, LOGIN, Application, Caller
from story import DISABLED, GONE, MAIN, NEWS, SINGLE, TIDES, USERS, WITHOUT_RETRIES, asked, done
from talk import LATER, Talk

CHANNELS = {MAIN: [NEWS, TIDES, GONE], WITHOUT_RETRIES: [SINGLE]}
ACCOUNTS = {MAIN: [*USERS, "ops"], WITHOUT_RETRIES: ["keeper"]}
# What of an answer is of the call and not of what was read.
OF_THE_CALL = {"RequestId"}


def caller(installation, number, key):
    """One whose tokens are made at the time that the server has."""
    made = Caller(Application(number, key), installation.host, installation.port)
    made.query = made.application.query(ADMIN, installation.clock)
    return made


async def read(installation, keys):
    """What is there, as values that JSON has."""
    seen = {"applications": [], "webhooks": {}, "audit": {}, "rest": {}, "operators": installation.told("operator", "list"),
            "anna": await subscriber(installation, keys[MAIN], "anna")}
    for number in (MAIN, WITHOUT_RETRIES, DISABLED):
        seen["applications"].append(installation.told("app", "show", number, "--secrets"))
        seen["audit"][str(number)] = installation.told("app", "audit", number, "--limit", 1000)
        webhooks = installation.told("webhooks", "list", number, "--limit", 1000)
        seen["webhooks"][str(number)] = {
            "waiting": [{"channel": lane["channel"], "waiting": lane["waiting"]} for lane in webhooks["waiting"]],
            "deadLetters": webhooks["deadLetters"], "delivered": delivered(webhooks)}
    for number, channels in CHANNELS.items():
        asking = caller(installation, number, keys[number])
        seen["rest"][str(number)] = await rest(asking, channels, ACCOUNTS[number])
        asking.close()
    closed = caller(installation, DISABLED, keys[DISABLED])
    answer = await closed.call(f"{LOGIN}/account_check", {"CheckItem": [{"UserID": "administrator"}]})
    seen["rest"][str(DISABLED)] = answer["ErrorCode"]
    closed.close()
    return seen


def delivered(webhooks):
    """The attempts of the log that came through; failed ones go on while a backend is away."""
    kept = ("at", "delivery", "attempt", "channel", "command", "status")
    return [{name: attempt[name] for name in kept} for attempt in webhooks["attempts"] if attempt.get("status") == 200]


async def rest(asking, channels, accounts):
    found = {"accounts": await done(asking, f"{LOGIN}/account_check", {"CheckItem": [{"UserID": user} for user in accounts]}),
             "profiles": await done(asking, "get_official_account_info", {
                 "OfficialAccountIdList": [{"Official_Account": name} for name in channels]}),
             "channels": {}, "subscriptions": {}}
    for item in found["profiles"]["OfficialAccountInfoList"]:
        if not item["ErrorCode"]:
            name = item["Official_Account"]
            found["channels"][name] = {
                "subscribers": await done(asking, "get_subscriber_info", {"Official_Account": name, "Limit": 200}),
                "posts": await done(asking, "official_account_msg_get_simple", {
                    "Official_Account": name, "ReqMsgNumber": 20, "WithRecalledMsg": 1})}
    for user in accounts:
        answer = await asking.call("get_subscribed_official_account_list", {"Subscriber_Account": user, "Limit": 200})
        found["subscriptions"][user] = answer
    return found


async def subscriber(installation, key, user):
    """Where the channels of a user stand, and what he has not read of them."""
    application, channels = Application(MAIN, key), [NEWS, TIDES]
    async with Talk(application, user, installation.host, installation.port, installation.clock + LATER) as talk:
        profiles = await asked(talk, "getOfficialAccountsInfo", {
            "OfficialAccountIdList": [{"Official_Account": name} for name in channels]})
        return {"channels": profiles["OfficialAccountInfoList"],
                "unread": [await asked(talk, "getUnreadMessageCount", {"Official_Account": name}) for name in channels]}


def missing(old, new, place=""):
    """Where something of the old is not in the new, or is another. What the new has besides is not looked at."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [problem for name in old.keys() - OF_THE_CALL
                for problem in ([f"{place}/{name} is gone"] if name not in new
                                else missing(old[name], new[name], f"{place}/{name}"))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [problem for number, pair in enumerate(zip(old, new)) for problem in missing(*pair, f"{place}/{number}")]
    return [] if old == new else [f"{place} was {old}, and is {new}"]
