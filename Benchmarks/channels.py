"""Creating and reading channels, against a bare route (B) and a raw SQLite loop (S)."""
import statistics
import subprocess
import sys

from harness import Bench, CREATE


class Channels(Bench):
    def creates(self, path):
        """Creates/s, p99, mean group size."""
        process, port, admin = self.rostrum(path)
        try:
            self.load(port, "create_official_account", CREATE, 2)       # warm
            before = self.metrics(admin)
            rate, p99 = self.load(port, "create_official_account", CREATE)
            after = self.metrics(admin)
            refused = self.codes(after)
            if refused:
                sys.exit(f"calls were refused: {refused}")
            return rate, p99, self.groups(before, after)
        finally:
            process.stop()

    def reads(self, path, sample):
        process, port, admin = self.rostrum(path)
        body = '{"OfficialAccountIdList":[{"Official_Account":"%s"}]}' % sample
        try:
            self.load(port, "get_official_account_info", body, 2)
            rate, p99 = self.load(port, "get_official_account_info", body)
            if self.codes(self.metrics(admin)):
                sys.exit("reads were refused")
            return rate, p99
        finally:
            process.stop()

    def memory(self, path, sample):
        """Resident MiB after the same reads and creates, whatever is stored."""
        process, port, _ = self.rostrum(path)
        try:
            self.load(port, "get_official_account_info", '{"OfficialAccountIdList":[{"Official_Account":"%s"}]}' % sample, 3)
            self.load(port, "create_official_account", CREATE, 3)
            return process.resident_mebibytes(), process.start_seconds
        finally:
            process.stop()

    def run(self):
        self.rates()
        if self.options.large:
            self.flat()

    def rates(self):
        rounds = []
        for number in range(self.options.rounds):
            print(f"round {number + 1} of {self.options.rounds}", file=sys.stderr, flush=True)
            small, sample = self.seed(f"small{number}", 1000)      # afresh, as the baseline's
            bare, port = self.bare()
            try:
                self.load(port, "create_official_account", CREATE, 2)
                bare_create, _ = self.load(port, "create_official_account", CREATE)
                bare_info, _ = self.load(port, "get_official_account_info",
                                         '{"OfficialAccountIdList":[{"Official_Account":"%s"}]}' % sample)
            finally:
                bare.stop()
            rate, p99, group = self.creates(small)
            raw_path, _ = self.seed(f"raw{number}", 1000)
            raw = float(subprocess.run(["taskset", "-c", "0", self.options.tool, "raw-sqlite", "--database",
                                        raw_path + "/rostrum.db", "--group", str(max(1, round(group))), "--seconds",
                                        str(self.options.seconds)], capture_output=True, text=True, check=True).stdout)
            fresh, sample = self.seed(f"read{number}", 1000)
            reads, reads_p99 = self.reads(fresh, sample)
            both = 1 / (1 / bare_create + 1 / raw)
            rounds.append({"B creates/s": bare_create, "S rows/s": raw, "creates/s": rate, "create p99 ms": p99,
                           "group": group, "creates : 1/(1/B+1/S)": rate / both, "B reads/s": bare_info,
                           "reads/s": reads, "read p99 ms": reads_p99, "reads : B": reads / bare_info})
        self.table(rounds)

    def flat(self):
        """Cost with 1,000 and with 1,000,000 channels, in turns."""
        many, many_sample = self.seed("many", self.options.large)
        ratios = []
        for number in range(self.options.rounds):
            few, _ = self.seed(f"few{number}", 1000)       # afresh, for creating makes it larger
            ratios.append(self.creates(many)[0] / self.creates(few)[0])
        few, few_sample = self.seed("few", 1000)
        some, _ = self.seed("some", 100_000)
        process, _, _ = self.rostrum(some)
        process.stop()
        few_memory, _ = self.memory(few, few_sample)
        many_memory, _ = self.memory(many, many_sample)
        shown = f"{self.options.large:,}"
        print(f"| creates/s with {shown} channels : with 1,000 | {statistics.median(ratios):.2f} | "
              f"{', '.join(f'{ratio:.2f}' for ratio in ratios)} |")
        print(f"| resident MiB with 1,000 channels | {few_memory:.0f} | |")
        print(f"| resident MiB with {shown} channels | {many_memory:.0f} | {many_memory / few_memory:.2f} × |")
        print(f"| start to ready line with 100,000 channels, s | {process.start_seconds:.2f} | |")
