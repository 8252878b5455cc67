"""Creates on PostgreSQL through the rules and the storage, against pgbench with the same statements on the same server."""
import os
import re
import subprocess

from harness import APP
from installation import Postgres

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


def measure_creates(bench):
    with Postgres(bench) as server:
        for applications in (1, 16):
            bench.tool("postgres-creates", "--database", server.url, "--applications", applications, "--callers",
                       applications, "--seconds", 0)
            bench.table([measure(bench, server, applications) for _ in range(bench.options.rounds)])


def measure(bench, server, applications):
    script = os.path.join(bench.directory, "create.sql")
    with open(script, "w") as file:
        file.write(SCRIPT.format(app=APP, applications=applications))
    done = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T",
                           str(bench.options.seconds), "-f", script, server.url],
                          capture_output=True, text=True, check=True)
    bare = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])
    creates, operations = map(float, bench.tool("postgres-creates", "--database", server.url, "--applications",
                                                applications, "--seconds", bench.options.seconds).split())
    what = "1 application" if applications == 1 else f"{applications} applications"
    return {f"pgbench, 32 clients, {what}, creates/s": bare, f"Rostrum, {what}, creates/s": creates,
            f"{what}, creates in a commit": operations, f"Rostrum : pgbench, {what}": creates / bare}
