"""One short session of a subscriber: requests, one after the other."""
import asyncio
import json

from rest import Lost
from websocket import Ended, WebSocket

PATIENCE = 12
# A token that is made so much later than now is not void by a kick of this second.
LATER = 2


class NotLetIn(Exception):
    """The login was refused, with this code."""

    def __init__(self, code):
        super().__init__(f"login refused: {code}")
        self.code = code


class Talk:
    def __init__(self, application, user, host, port, ahead=LATER):
        query, _, self.token = application.query(user, ahead).rpartition("&usersig=")
        self.target, self.host, self.port = f"/v4/ws?{query}", host, port
        self.socket, self.number = None, 0

    async def __aenter__(self):
        try:
            self.socket = await WebSocket.open(self.host, self.port, self.target, self.token)
        except Ended as end:
            raise Lost(f"{end}") from None
        return self

    async def __aexit__(self, *_):
        self.socket.close()

    async def request(self, method, params):
        """The answer: its `result`, or its `error`."""
        self.number += 1
        try:
            async with asyncio.timeout(PATIENCE):
                self.socket.send(json.dumps(
                    {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode())
                while True:
                    message = await self.socket.receive()
                    if message.get("id") == self.number:
                        return message
        except Ended as end:
            if end.code == 4401:
                raise NotLetIn(json.loads(end.reason)["ErrorCode"]) from None
            raise Lost(f"{end}") from None
        except (OSError, TimeoutError) as problem:
            raise Lost(repr(problem)) from None
