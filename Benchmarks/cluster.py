"""PostgreSQL: creates through the rules and the storage against pgbench with the same statements on the same server."""
import contextlib
import glob
import os
import pwd
import re
import shutil
import subprocess
import sys

from harness import APP, Bench, free_port

# What a create does, in one transaction; the values are of the same lengths.
SCRIPT = r"""
\set app {app} + random(0, {applications} - 1)
\set id random(1, 9000000000000000)
BEGIN;
SELECT 1 FROM accounts WHERE app = :app AND id = '107867';
INSERT INTO channels (app, id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
    subscribers, last_message_at, created_at, incarnation)
    VALUES (:app, '@TOA#_bench' || :id, '107867', 'Harbour News', 'Tides and ferries', 'https://img.example.net/h.png',
    'Port of Example', '{{"lang":"en"}}', 10000000, 0, 0, 1767225600000, :id) ON CONFLICT (app, id) DO NOTHING;
UPDATE application_usage SET channels = channels + 1 WHERE app = :app AND channels < 9223372036854775807;
INSERT INTO audit (app, at, request, operator, address, action, target)
    VALUES (:app, 1767225600000, 'pgbench-' || :id, 'administrator', '127.0.0.1', 'create_official_account',
    '@TOA#_bench' || :id);
COMMIT;
"""


class Server:
    """A durable PostgreSQL of the benchmark's own, which ends with it."""

    def __init__(self, directory):
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.directory, self.port = directory, free_port()
        self.user = "postgres" if os.geteuid() == 0 else None
        os.chmod(directory, 0o755)
        os.mkdir(self.data)
        if self.user:
            shutil.chown(self.data, self.user, pwd.getpwnam(self.user).pw_gid)
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-locale")
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.data + "/log", "-o",
                 f"-p {self.port} -k {self.data} -h 127.0.0.1 -c max_connections=200 -c shared_buffers=256MB", "start")

    @property
    def data(self):
        return os.path.join(self.directory, "postgres")

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments):
        words = [os.path.join(self.programs, program), *arguments]
        done = subprocess.run(words, user=self.user, group=self.user, extra_groups=[] if self.user else None,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
        if done.returncode:
            sys.exit(f"{program}: {done.stderr}")

    def close(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")


class Cluster(Bench):
    def run(self):
        with contextlib.closing(Server(self.directory)) as server:
            for applications in (1, 16):
                self.tool("postgres-creates", "--database", server.url, "--applications", applications, "--callers",
                          applications, "--seconds", 0)
                self.table([self.round(server, applications) for _ in range(self.options.rounds)])

    def round(self, server, applications):
        script = os.path.join(self.directory, "create.sql")
        with open(script, "w") as file:
            file.write(SCRIPT.format(app=APP, applications=applications))
        done = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T",
                               str(self.options.seconds), "-f", script, server.url],
                              capture_output=True, text=True, check=True)
        bare = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])
        creates, operations = map(float, self.tool("postgres-creates", "--database", server.url, "--applications",
                                                   applications, "--seconds", self.options.seconds).split())
        what = "1 application" if applications == 1 else f"{applications} applications"
        return {f"pgbench, 32 clients, {what}, creates/s": bare, f"Rostrum, {what}, creates/s": creates,
                f"{what}, creates in a commit": operations, f"Rostrum : pgbench, {what}": creates / bare}
