#!/usr/bin/env python3
"""Copies accounts, channels and subscriptions from one server of the Tencent Cloud Chat server API to another.

    move.py --from https://OLD-HOST --from-app N --from-usersig SIG \\
        --to https://NEW-HOST --to-app N --to-usersig SIG \\
        --accounts accounts.txt [--channels channels.txt] [--history history.ndjson]

accounts.txt has a UserID a line, from your own database, for no command lists the accounts of an application.
Channels are those that one of these accounts subscribes to, and those of channels.txt. It only reads from the old
server and may be run again: what is there is brought up to date, and nobody is unsubscribed. At the end every channel
is compared; the exit status is 1 when one differs. Needs Python 3.8 and nothing else.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PROFILE = ("Name", "Introduction", "FaceUrl", "Organization", "CustomString")
CHANNELS = "official_account_open_http_svc"
TAKEN, NO_CHANNEL, FULL = 130008, 130004, 130006
# Too often, too slow, or a fault of the server: the same call may succeed a moment later.
PASSING = {60007, 60008, 20005, 10002, 70500}


class Refused(Exception):
    def __init__(self, command, reply):
        super().__init__(f"{command}: {reply['ErrorCode']} {reply.get('ErrorInfo', '')}")
        self.code = reply["ErrorCode"]


class Server:
    def __init__(self, url, app, identifier, usersig):
        self.url = url.rstrip("/")
        self.query = {"sdkappid": app, "identifier": identifier, "usersig": usersig, "random": 1, "contenttype": "json"}

    def call(self, command, body, attempts=8):
        """The reply of a success; a call that failed in passing is made again, later each time."""
        address = f"{self.url}/v4/{command}?{urllib.parse.urlencode(self.query)}"
        request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
        for attempt in range(1, attempts + 1):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    reply = json.load(answer)
            except (OSError, ValueError) as error:
                if attempt == attempts:
                    raise SystemExit(f"{self.url}: {error}")
            else:
                if reply["ErrorCode"] == 0:
                    return reply
                if reply["ErrorCode"] not in PASSING or attempt == attempts:
                    raise Refused(command, reply)
            time.sleep(min(30, 0.25 * 2**attempt))

    def infos(self, channels):
        """The profiles of those channels that there are, by ID."""
        found = {}
        for part in parts(channels, 50):
            items = [{"Official_Account": channel} for channel in part]
            reply = self.call(f"{CHANNELS}/get_official_account_info", {"OfficialAccountIdList": items})
            for info in reply["OfficialAccountInfoList"]:
                if info.get("ErrorCode", 0) == 0:
                    found[info["Official_Account"]] = info
                elif info["ErrorCode"] != NO_CHANNEL:
                    raise Refused(info["Official_Account"], info)
        return found

    def subscribed(self, account):
        offset = 0
        while True:
            body = {"Subscriber_Account": account, "Limit": 200, "Offset": offset}
            reply = self.call(f"{CHANNELS}/get_subscribed_official_account_list", body)
            yield from (info["Official_Account"] for info in reply.get("OfficialAccountInfoList", []))
            if reply.get("CompleteFlag", 1) == 1 or not reply.get("Next"):
                return
            offset = reply["Next"]

    def subscribers(self, channel):
        following = ""
        while True:
            body = {"Official_Account": channel, "Limit": 200, "Next": following}
            reply = self.call(f"{CHANNELS}/get_subscriber_info", body)
            yield from reply.get("SubscriberList", [])
            following = reply.get("Next", "")
            if not following:
                return

    def history(self, channel):
        """What is kept of the channel's posts, the newest page first."""
        last = ""
        while True:
            body = {"Official_Account": channel, "ReqMsgNumber": 20, "LastMsgKey": last}
            reply = self.call(f"{CHANNELS}/official_account_msg_get_simple", body)
            yield from reversed(reply.get("RspMsgList", []))
            last = reply.get("LastMsgKey", "")
            if reply.get("IsFinished", 1) != 0 or not last:
                return


def parts(items, size):
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]


def read_lines(path):
    if not path:
        return []
    with open(path, encoding="utf-8") as file:
        return list(dict.fromkeys(line.strip() for line in file if line.strip()))


def import_accounts(server, accounts):
    refused = []
    for part in parts(accounts, 100):
        refused += server.call("im_open_login_svc/multiaccount_import", {"Accounts": part}).get("FailAccounts", [])
    return refused


def write_channel(server, info, most):
    """Makes the channel, or brings one that is there up to date."""
    channel = info["Official_Account"]
    profile = {name: info[name] for name in PROFILE if info.get(name)}
    if most:
        profile["MaxSubscriberNum"] = most
    try:
        body = {"OfficialAccountUserID": channel, "Owner_Account": info["Owner_Account"], **profile}
        server.call(f"{CHANNELS}/create_official_account", body)
    except Refused as refusal:
        if refusal.code != TAKEN:
            raise
        server.call(f"{CHANNELS}/modify_official_account_base_info", {"Official_Account": channel, **profile})


def write_subscribers(server, channel, subscribers):
    """Subscribes them in their order; returns those that the new server did not take."""
    refused = []
    for part in parts(subscribers, 100):
        items = [{"Subscriber_Account": item["Subscriber_Account"]} for item in part]
        body = {"Official_Account": channel, "SubscriberList": items}
        try:
            results = server.call(f"{CHANNELS}/add_subscriber", body)["SubscriberList"]
        except Refused as refusal:
            if refusal.code != FULL:
                raise
            results = [{**item, "Result": 0} for item in items]
        refused += [item["Subscriber_Account"] for item in results if item["Result"] == 0]
    for item in subscribers:
        if item.get("CustomString") and item["Subscriber_Account"] not in refused:
            body = {name: item[name] for name in ("Subscriber_Account", "CustomString")}
            server.call(f"{CHANNELS}/modify_subscriber_info", {"Official_Account": channel, **body})
    return refused


def differences(old, new, channel):
    one, other = old.infos([channel]).get(channel, {}), new.infos([channel]).get(channel, {})
    found = [name for name in (*PROFILE, "Owner_Account") if one.get(name, "") != other.get(name, "")]
    before, after = ({item["Subscriber_Account"]: item.get("CustomString", "") for item in server.subscribers(channel)}
                     for server in (old, new))
    missing = [account for account, text in before.items() if after.get(account) != text]
    return found + ([f"{len(missing)} subscribers, such as {missing[0]}"] if missing else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for side in ("from", "to"):
        parser.add_argument(f"--{side}", dest=f"{side}_url", required=True, metavar="URL")
        parser.add_argument(f"--{side}-app", required=True, metavar="SDKAPPID")
        parser.add_argument(f"--{side}-identifier", default="administrator", metavar="ADMIN")
        parser.add_argument(f"--{side}-usersig", required=True, metavar="SIG")
    parser.add_argument("--accounts", required=True, metavar="FILE", help="a UserID a line")
    parser.add_argument("--channels", metavar="FILE", help="IDs of channels that nobody of these subscribes to")
    parser.add_argument("--max-subscribers", type=int, metavar="N", help="of each channel; the old limit is not told")
    parser.add_argument("--history", metavar="FILE", help="where to write the posts that are still there, as NDJSON")
    given = parser.parse_args()
    old = Server(given.from_url, given.from_app, given.from_identifier, given.from_usersig)
    new = Server(given.to_url, given.to_app, given.to_identifier, given.to_usersig)

    accounts = read_lines(given.accounts)
    channels = dict.fromkeys(read_lines(given.channels))
    for account in accounts:
        channels.update(dict.fromkeys(old.subscribed(account)))
    infos = old.infos(channels)
    owners = [info["Owner_Account"] for info in infos.values()]
    refused = import_accounts(new, dict.fromkeys(accounts + owners))
    print(f"accounts: {len(accounts)}, of which {len(refused)} were refused {' '.join(refused[:10])}".rstrip())

    failed = bool(refused)
    posts = open(given.history, "w", encoding="utf-8") if given.history else None
    for channel, info in infos.items():
        write_channel(new, info, given.max_subscribers)
        subscribers = list(old.subscribers(channel))
        left = write_subscribers(new, channel, subscribers)
        count = 0
        for post in old.history(channel) if posts else []:
            posts.write(json.dumps({"Official_Account": channel, **post}, ensure_ascii=False) + "\n")
            count += 1
        differing = differences(old, new, channel)
        failed = failed or bool(differing)
        words = f"{channel}: {len(subscribers) - len(left)} of {len(subscribers)} subscribers"
        if posts:
            words += f", {count} posts written down"
        print(words + (f"; DIFFERS: {', '.join(differing)}" if differing else "; the same"))
    if posts:
        posts.close()
    for channel in channels:
        if channel not in infos:
            failed = True
            print(f"{channel}: NOT THERE")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refusal:
        sys.exit(str(refusal))
