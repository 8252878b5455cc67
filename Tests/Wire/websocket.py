"""As much of RFC 6455 as a subscriber needs."""
import asyncio
import base64
import hashlib
import json
import os
import struct

from rest import read_head

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
# Who says nothing for so long, not even a pong, is not there any more.
SILENCE = 20


class Ended(Exception):
    """The connection is over, or was never made."""

    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, host, port, target, token):
        """The token goes as a subprotocol, so that it stands in nobody's log."""
        nonce = base64.b64encode(os.urandom(16)).decode()
        accepted = base64.b64encode(hashlib.sha1((nonce + GUID).encode()).digest()).decode()
        socket = None
        try:
            async with asyncio.timeout(SILENCE):
                socket = cls(*await asyncio.open_connection(host, port))
                socket.writer.write((
                    f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n"
                    f"Sec-WebSocket-Protocol: rostrum.v1, {token}\r\n\r\n").encode())
                status, headers = await read_head(socket.reader)
                if status != 101 or headers.get("sec-websocket-accept") != accepted:
                    raise Ended(status)
            return socket
        except BaseException as problem:
            if socket:
                socket.close()
            if isinstance(problem, (OSError, TimeoutError, EOFError, ValueError)):
                raise Ended(1006, repr(problem)) from None
            raise

    async def receive(self):
        """The next message, as JSON."""
        whole = b""
        asked = False
        while True:
            try:
                async with asyncio.timeout(SILENCE / 2):
                    final, kind, data = await self.frame()
            except TimeoutError:
                if asked:
                    raise Ended(1006, "silent") from None
                asked = True
                self.send(b"", PING)
                continue
            except (OSError, asyncio.IncompleteReadError) as problem:
                raise Ended(1006, repr(problem)) from None
            asked = False
            if kind == PING:
                self.send(data, PONG)
            elif kind == CLOSE:
                code = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005
                raise Ended(code, data[2:].decode("utf-8", "replace"))
            elif kind in (TEXT, CONTINUATION):
                whole += data
                if final:
                    return json.loads(whole)

    async def frame(self):
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", await self.reader.readexactly(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", await self.reader.readexactly(8))[0]
        return first & 0x80, first & 0x0F, await self.reader.readexactly(length)

    def send(self, data, kind=TEXT):
        size = len(data)
        head = bytes([0x80 | kind, 0x80 | size]) if size < 126 else bytes([0x80 | kind, 0xFE]) + struct.pack(">H", size)
        mask = os.urandom(4)
        self.writer.write(head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)))

    def close(self):
        self.writer.close()
