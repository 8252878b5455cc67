"""An application's backend: takes every webhook and remembers it."""
import asyncio
import json
import time

OK = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}'
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(OK), OK)


class Receiver:
    def __init__(self):
        # Each delivery once, by its id, in the order in which the first copy came.
        self.deliveries, self.repeats = {}, 0
        self.conversations = {}
        # The longest time in which nothing came, though there was always something to tell.
        self.silence, self.last = 0, None

    async def start(self, host):
        self.server = await asyncio.start_server(self.serve, "0.0.0.0")
        self.url = f"http://{host}:{self.server.sockets[0].getsockname()[1]}/hook"

    def silent_for(self):
        return max(self.silence, time.monotonic() - self.last)

    async def close(self):
        self.server.close()
        for writer in self.conversations.values():
            writer.close()
        await asyncio.gather(*self.conversations)

    async def serve(self, reader, writer):
        conversation = asyncio.current_task()
        self.conversations[conversation] = writer
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in request.decode("latin-1").split("\r\n")[1:] if line)
                headers = {name.lower(): value for name, value in headers.items()}
                reply = await self.answer(headers, await reader.readexactly(int(headers["content-length"])))
                if not reply:
                    break
                writer.write(reply)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            del self.conversations[conversation]

    async def answer(self, headers, data):
        """What is said to a delivery; None ends the connection without a word."""
        return REPLY if self.take(headers["x-rostrum-delivery"], json.loads(data)) else BUSY

    def take(self, delivery, body):
        """Whether it is taken; what is not comes again."""
        now = time.monotonic()
        self.silence, self.last = max(self.silence, now - (self.last or now)), now
        if delivery in self.deliveries:
            self.repeats += 1
        else:
            self.deliveries[delivery] = body
        return True
