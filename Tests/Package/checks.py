"""What was looked at, and how much of it was wrong."""


class Checks:
    def __init__(self):
        self.count = self.failed = 0

    def part(self, name):
        print(f"\n{name}", flush=True)

    def hold(self, claim, holds, otherwise=""):
        """Says whether a claim is true; `otherwise` is said as well when it is not."""
        self.count += 1
        self.failed += not holds
        print(f"  {'ok   ' if holds else 'WRONG'} {claim}{'' if holds else f': {otherwise}'}", flush=True)

    def same(self, claim, found, expected):
        self.hold(claim, found == expected, f"{found!r}, not {expected!r}")
