"""A subscriber's session that comes back after every break, as docs/subscriber-protocol.md says."""
import asyncio
import json
import random
import time

from websocket import Ended, WebSocket

PAGE = 20


class View:
    """What a session has of a channel: its position, and the posts in the order in which they became known."""

    def __init__(self, item):
        self.epoch, self.msg_seq, self.event_seq = item["Epoch"], item["HeadMsgSeq"], item["HeadEventSeq"]
        self.posts = []
        # When each post became known.
        self.arrivals = {}
        # What came while an answer to `resume` is awaited, which is older; None while none is.
        self.held = None
        # The head up to which the history is still to be read; None when nothing is owed.
        self.owed = None

    @property
    def position(self):
        return {"Epoch": self.epoch, "MsgSeq": self.msg_seq, "EventSeq": self.event_seq}

    def move(self, position):
        self.msg_seq = max(self.msg_seq, position["MsgSeq"])
        self.event_seq = max(self.event_seq, position["EventSeq"])

    def reload(self, position):
        """Something may be missing: what is known is forgotten for what the history has."""
        self.epoch, self.msg_seq, self.event_seq = position["Epoch"], position["MsgSeq"], position["EventSeq"]
        self.posts, self.owed = [], self.msg_seq


def text_of(post):
    return post["MsgBody"][0]["MsgContent"]["Text"]


class Session:
    def __init__(self, application, user, device, host, port):
        self.name, self.host, self.port = f"{user} on {device}", host, port
        query, _, self.token = application.query(user).rpartition("&usersig=")
        self.target = f"/v4/ws?{query}&platform={device}"
        self.views, self.socket, self.answers, self.tasks, self.number = {}, None, {}, set(), 0
        self.breaks = self.repeats = self.reloads = 0
        self.faults, self.ended, self.ready = [], False, asyncio.Event()

    async def run(self):
        """Until it is cancelled, or the server says that this login is not wanted any more."""
        while not self.ended:
            try:
                self.socket = await WebSocket.open(self.host, self.port, self.target, self.token)
                for view in self.views.values():
                    view.held = []
                await self.converse()
            except Ended as end:
                self.breaks += self.ready.is_set()
                if 4400 <= end.code <= 4499 or end.code in (1002, 1003, 1007, 1009, 401):
                    self.faults.append(f"was ended: {end}")
                    self.ended = True
            finally:
                self.ready.clear()
                if self.socket:
                    self.socket.close()
                for _, answer in self.answers.values():
                    answer.cancel()
                self.answers = {}
            await asyncio.sleep(random.uniform(0.1, 1))

    async def converse(self):
        """Reads, while what is missing is asked for."""
        beginning = self.later(self.begin())
        try:
            while True:
                self.take(await self.socket.receive())
        finally:
            beginning.cancel()

    async def subscribed(self):
        """The items of the channels to which the user subscribes."""
        result = await self.request("getOfficialAccountsInfo", {"OfficialAccountIdList": [], "Limit": 200})
        return result["OfficialAccountInfoList"]

    async def begin(self):
        if not self.views:
            self.views = {item["Official_Account"]: View(item) for item in await self.subscribed()}
        else:
            await self.resume(list(self.views))
        self.ready.set()

    async def request(self, method, params):
        self.number += 1
        answer = asyncio.get_running_loop().create_future()
        self.answers[self.number] = method, answer
        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode())
        reply = await answer
        if "error" in reply:
            # The server in trouble: a new connection begins from the same positions.
            self.socket.close()
            raise asyncio.CancelledError
        return reply["result"]

    def take(self, message):
        if "method" not in message:
            method, answer = self.answers.pop(message["id"])
            answer.set_result(message)
            # At once, for what follows on the connection comes after it.
            if method == "resume" and "result" in message:
                self.work_in(message["result"])
            return
        params, view = message["params"], self.views.get(message["params"].get("Official_Account"))
        match message["method"]:
            case "onLagging":
                self.later(self.resume(list(params)))
            case "onKickedOffline" | "onUserSigExpired" | "onOfficialAccountDeleted" | "onOfficialAccountUnsubscribed":
                self.faults.append(f"got {message}")
            case "onRecvNewMessage" if view and view.held is not None:
                view.held.append(params)
            case "onRecvNewMessage" if view:
                self.take_post(params, view)

    def take_post(self, post, view):
        if post["Epoch"] != view.epoch:
            self.later(self.resume([post["Official_Account"]]))
        elif post["MsgSeq"] <= view.msg_seq:
            self.repeats += 1
        else:
            view.posts.append((post["MsgSeq"], text_of(post)))
            view.arrivals[text_of(post)] = time.monotonic()
            view.move(post)

    def later(self, work):
        """Does something while the connection is read."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.done)
        return task

    def done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            self.faults.append(f"{problem!r}")

    def work_in(self, result):
        """What `resume` answers, channel by channel."""
        for channel, answer in result.items():
            view = self.views[channel]
            if answer.get("reload") and "Epoch" not in answer:
                self.faults.append(f"does not subscribe to {channel} any more")
                continue
            if answer.get("reload"):
                self.reloads += 1
                view.reload(answer)
            for post in answer.get("messages", []):
                self.take_post(post, view)
            view.move(answer)
            if not answer.get("more"):
                held, view.held = view.held or [], None
                for post in held:
                    self.take_post(post, view)

    async def resume(self, channels):
        for channel in channels:
            self.views[channel].held = self.views[channel].held or []
        while channels:
            result = await self.request("resume", {channel: self.views[channel].position for channel in channels})
            channels = [channel for channel, answer in result.items() if answer.get("more")]
        for channel, view in self.views.items():
            if view.owed is not None:
                await self.read_history(channel, view)

    async def read_history(self, channel, view):
        """Back from the newest to the first, as far as the reload's head; live posts stand behind that meanwhile."""
        head, epoch, found, last = view.owed, view.epoch, {}, {}
        while True:
            page = await self.request("getHistoryMessageList",
                                      {"Official_Account": channel, "ReqMsgNumber": PAGE, **last})
            if not page["RspMsgList"]:
                break
            found |= {post["MsgSeq"]: text_of(post) for post in page["RspMsgList"] if post["MsgSeq"] <= head}
            last = {"LastMsgKey": page["LastMsgKey"]}
        if view.epoch == epoch and view.owed == head:
            view.posts[:0] = sorted(found.items())
            view.owed = None


class Follower(Session):
    """A session of a user who comes and goes at channels, and what it knows of that."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.follows, self.changes = set(), 0

    async def begin(self):
        while True:
            changes = self.changes
            items = await self.subscribed()
            # What was told meanwhile may be newer than the answer.
            if changes == self.changes:
                break
        self.follows = {item["Official_Account"] for item in items}
        self.ready.set()

    def take(self, message):
        match message.get("method"):
            case "onOfficialAccountSubscribed":
                self.changes += 1
                self.follows.add(message["params"]["Official_Account"])
            case "onOfficialAccountUnsubscribed":
                self.changes += 1
                self.follows.discard(message["params"]["Official_Account"])
            case _:
                super().take(message)
