"""One short session of a subscriber: requests, one after the other."""
import asyncio
import json

from rest import SERVER_FAULTS, Caller, Faulty, Lost
from websocket import Ended, WebSocket

# A request that met the server's own trouble, in JSON-RPC's numbers.
INTERNAL = -32603
# A token that is made so much later than now is not void by a kick of this second.
LATER = 2


class NotLetIn(Exception):
    """The login was refused, with this code."""

    def __init__(self, code):
        super().__init__(f"login refused: {code}")
        self.code = code


def code_of(answer):
    """0, or the error that the server has answered a request with; Faulty when it is the server's own."""
    code = answer.get("error", {}).get("code", 0)
    if code in SERVER_FAULTS or code == INTERNAL:
        raise Faulty(answer)
    return code


class Talk:
    def __init__(self, application, user, host, port, ahead=LATER, patience=Caller.PATIENCE):
        """After so many seconds of patience an answer counts as lost."""
        query, _, self.token = application.query(user, ahead).rpartition("&usersig=")
        self.target, self.host, self.port = f"/v4/ws?{query}", host, port
        self.patience = patience
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
            async with asyncio.timeout(self.patience):
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
