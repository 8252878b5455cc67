"""What an account, a channel, a subscription and a post take on disk, with their indexes, on both engines."""
import contextlib
import os
import sqlite3

from installation import Installation, each_batch, import_accounts, make_application, make_channel, subscribe

BIG = "@TOA#_big"
ACCOUNTS, CHANNELS, POSTS = 50_000, 20_000, 10_000
NAMES = {"accounts": "an account", "channels": "a channel", "subscriptions": "a subscription", "broadcasts": "a post",
         "audit": "an entry of the audit"}


def measure_rows(bench):
    """A row of the table for each kind: bytes on SQLite, bytes on PostgreSQL, both measured once."""
    sizes = {"SQLite": of_sqlite(bench), "PostgreSQL": of_postgres(bench)}
    for table, name in NAMES.items():
        for engine, size in sizes.items():
            bench.table([{f"{engine}: bytes of {name}": size[table]}])


def fill(bench, port):
    bench.say("filling the storage")
    import_accounts(bench, port, ACCOUNTS)
    make_channel(bench, port, BIG)
    subscribe(bench, port, BIG, ACCOUNTS)
    each_batch(bench, port, CHANNELS, lambda caller, batch: [caller.call("create_official_account", {
        "Owner_Account": "107867", "Name": "Harbour News", "Introduction": "Tides and ferries",
        "FaceUrl": "https://img.example.net/h.png", "Organization": "Port of Example"}) for _ in batch])
    text = ("Ferry 7 is 20 min late. " * 9)[:200]
    each_batch(bench, port, POSTS, lambda caller, batch: [caller.call("send_official_account_msg", {
        "Official_Account": BIG, "Random": number + 1,
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}) for number in batch])


def of_sqlite(bench):
    path = os.path.join(bench.directory, "rows")
    make_application(bench, "--data-dir", path)
    process, port, _ = bench.rostrum(path)
    with process:
        fill(bench, port)
    with contextlib.closing(sqlite3.connect(os.path.join(path, "rostrum.db"))) as database:
        pages = dict(database.execute("SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) "
                                      "GROUP BY tbl_name"))
        return {table: pages[table] / database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in NAMES}


def of_postgres(bench):
    with Installation(bench) as installation:
        process, port, _ = installation.node()
        with process:
            fill(bench, port)
        installation.postgres.ask("VACUUM")
        rows = installation.postgres.ask(" UNION ALL ".join(
            f"SELECT '{table}', pg_total_relation_size('{table}')::float / (SELECT count(*) FROM {table})"
            for table in NAMES))
        return {table: float(size) for table, size in rows}
