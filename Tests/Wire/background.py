"""Work that goes on in a thread of its own, so that the main thread can break things."""
import asyncio
import threading


class Background:
    """An event loop in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, work, seconds=300):
        """Waits for what is done there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def end(self, receiver, callers):
        """Closes the receiver, cancels whatever else goes on, closes the callers, and ends the thread."""
        async def close():
            await receiver.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for caller in callers:
                caller.close()

        self.do(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
