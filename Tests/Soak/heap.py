"""How much of a process's heap is in use, as a thread of its own says that is preloaded."""
import pathlib
import time

from loopback.programs import Failed, preloadable


class Heap:
    # In seconds; it is written down every two.
    MOST_AGE = 20

    def __init__(self, directory):
        self.file = directory / "heap"
        library = preloadable(pathlib.Path(__file__).with_name("heap.c"), directory)
        self.environment = {"LD_PRELOAD": library, "ROSTRUM_HEAP": str(self.file)}

    def used(self):
        """How many bytes are in use, and how many of them are pages that SQLite keeps."""
        used, pages, second = map(int, self.file.read_text().split())
        # An old number would never grow.
        if time.monotonic() - second > self.MOST_AGE:
            raise Failed(f"the heap in use was written down {time.monotonic() - second:.0f} s ago, and not since")
        if pages < 0:
            raise Failed("the program has no SQLite that could be asked what it keeps")
        return used, pages
