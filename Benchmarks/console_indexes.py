"""What the console's indexes cost those who write: the same server on the same storage, with and without them."""
import os
import pathlib
import re
import subprocess

from console_filling import ACCOUNTS, LARGEST, SUBSCRIBERS, Filling
from harness import CREATE
from installation import Installation, make_application

SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "Sources" / "Chat" / "Storage" / "Schema+Console.swift"
# A body of each call, in Lua; `number` is another one in each.
BODIES = {
    "create_official_account": f"[==[{CREATE}]==]",
    "add_subscriber": f"""'{{"Official_Account":"{LARGEST}","SubscriberList":[{{"Subscriber_Account":"user_'"""
                      """ .. number .. '"}]}'""",
    "send_official_account_msg": f"""'{{"Official_Account":"{LARGEST}","Random":' .. number .. ',"MsgBody":[{{"MsgType":"""
                                 """"TIMTextElem","MsgContent":{"Text":"Ferry 7 is delayed"}}]}'""",
}
NAMES = {"create_official_account": "creates", "add_subscriber": "subscribes", "send_official_account_msg": "posts"}


def indexes():
    """The statements that make them, by name."""
    made = re.findall(r'"(CREATE INDEX (\w+) [^"]+)"', SCHEMA.read_text())
    return {name: statement for statement, name in made}


class Writing:
    """Loads a server that is started anew for each measurement, and has the indexes come and go between them."""

    def __init__(self, bench, ask, start):
        self.bench, self.ask, self.start = bench, ask, start
        self.number = ACCOUNTS + SUBSCRIBERS                    # so many accounts subscribe to the channel already

    def rounds(self):
        rounds = []
        for _ in range(self.bench.options.rounds):
            having = self.rates()
            for name in indexes():
                self.ask(f"DROP INDEX {name}")
            lacking = self.rates()
            for statement in indexes().values():
                self.ask(statement)
            rounds.append({f"{name}/s with the indexes : without": having[name] / lacking[name] for name in having}
                          | {f"{name}/s with the indexes": rate for name, rate in having.items()})
        self.bench.table(rounds)

    def rates(self):
        process, port, admin = self.start()
        with process:
            rates = {NAMES[command]: self.rate(port, command, body) for command, body in BODIES.items()}
            if refused := self.bench.codes(self.bench.metrics(admin)):
                raise SystemExit(f"calls were refused: {refused}")
        return rates

    def rate(self, port, command, body):
        script = os.path.join(self.bench.directory, "write.lua")
        with open(script, "w") as file:
            file.write(f'number = {self.number}\nwrk.method = "POST"\nfunction request()\n  number = number + 1\n'
                       f'  return wrk.format(nil, nil, nil, {body})\nend\n')
        done = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", "-c64", f"-d{self.bench.options.seconds}s", "-s", script,
                               self.bench.url(port, command)], capture_output=True, text=True, check=True)
        if "Socket errors" in done.stdout or "Non-2xx" in done.stdout:
            raise SystemExit("the load had errors:\n" + done.stdout)
        self.number += int(re.search(r"(\d+) requests in", done.stdout)[1]) + 64
        return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])


def filled(filling):
    return [*filling.accounts(), *filling.channels(), *filling.subscriptions()]


def measure_sqlite(bench):
    path = os.path.join(bench.directory, "indexes")
    make_application(bench, "--data-dir", path)
    bench.execute(path, filled(Filling(lambda content: f"x'{content.hex()}'")))
    Writing(bench, lambda statement: bench.execute(path, [statement]), lambda: bench.rostrum(path)).rounds()


def measure_postgres(bench):
    with Installation(bench) as installation:
        for statement in filled(Filling(lambda content: f"'\\x{content.hex()}'::bytea")):
            installation.postgres.ask(statement)
        # Not of the tables that are empty: with statistics that say so, PostgreSQL would go on to walk through them.
        installation.postgres.ask("VACUUM (ANALYZE) accounts, channels, subscriptions")
        Writing(bench, installation.postgres.ask, lambda: installation.node(core="0")).rounds()
