"""The program that is all the subscribers: made from `client`, steered by lines."""
import asyncio
import json
import pathlib
import subprocess

from loopback.programs import which

ADDRESSES = 100
HERE = pathlib.Path(__file__).resolve().parent


class Subscribers:
    def __init__(self, directory, plan, seed):
        self.directory, self.plan, self.seed, self.process = directory, plan, seed, None
        self.turn = asyncio.Lock()
        self.program = directory / "client"
        subprocess.run([which("cc"), "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-o", self.program,
                        *sorted((HERE / "client").glob("*.c")), "-lz"], check=True)

    def queries(self, application):
        # A token for each user; a user's devices use the same.
        known = {}
        for member in self.plan.members:
            if member.user not in known:
                known[member.user] = application.query(member.user)
            yield f"{known[member.user]}&platform={member.platform}"

    def file(self, name, lines):
        path = self.directory / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    async def start(self, application, port):
        channels = self.file("channels", (channel.name for channel in self.plan.channels))
        sessions = self.file("sessions", (f"{member.kind} {member.user} {query}" for member, query in
                                          zip(self.plan.members, self.queries(application))))
        words = [self.program, port, ADDRESSES, self.seed, channels, sessions]
        self.process = await asyncio.create_subprocess_exec(
            which("setpriv"), "--pdeathsig", "KILL", "--", *map(str, words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            limit=1 << 24)

    def say(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())

    async def ask(self, *words):
        async with self.turn:
            self.say(*words)
            return json.loads(await self.process.stdout.readline())

    async def stats(self):
        return await self.ask("stats")

    def renew(self, application):
        """From now on sessions log in under the application's newest key."""
        self.say("queries", self.file("queries", self.queries(application)))

    def end_outdated(self):
        """From now on the key of those who have not logged in anew is taken away."""
        self.say("ending")

    def aim(self, heads):
        """Says where each channel stands in the end."""
        self.say("heads", self.file("heads", (f"{seq} {event}" for seq, event in heads)))

    async def write(self, file):
        """The faults that were met; the book is in the file."""
        return await self.ask("write", file)

    async def close(self):
        if self.process and self.process.returncode is None:
            self.process.stdin.close()
            await self.process.wait()
