"""A fixture: the storage of an installation as a version has left it, with what that version said of it."""
import io
import json
import lzma
import pathlib
import re
import shutil
import tarfile

FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
FILES = ["rostrum.db", "rostrum.db-wal", "master.key"]
DUMP = "dump.sql"


def names():
    return sorted(path.name.removesuffix(".tar.xz") for path in FIXTURES.glob("*.tar.xz"))


def write(name, record, files):
    """Keeps a record of JSON and these files, by their names."""
    FIXTURES.mkdir(exist_ok=True)
    everything = {"record.json": (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode(), **files}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, contents in everything.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(contents), 0o600, record["moment"]
            archive.addfile(entry, io.BytesIO(contents))
    target = FIXTURES / f"{name}.tar.xz"
    target.write_bytes(lzma.compress(packed.getvalue(), preset=9))
    return target


def read(name):
    """The record, and the files by their names."""
    packed = lzma.decompress((FIXTURES / f"{name}.tar.xz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive}
    return json.loads(files.pop("record.json")), files


def take(installation):
    """The files of an installation whose server is stopped."""
    if installation.engine == "sqlite":
        data = installation.database.parent
        return {path: (data / path).read_bytes() for path in FILES if (data / path).exists()}
    dump = installation.database.run("pg_dump", *installation.database.address, "--no-owner", "--no-privileges", "rostrum")
    # Only the newest psql knows what pg_dump writes against dumps from strangers.
    dump = re.sub(r"^\\(un)?restrict .*$", "", dump, flags=re.M)
    return {DUMP: dump.encode(), "master.key": installation.environment["ROSTRUM_MASTER_KEY"].encode()}


def put(installation, files):
    """Gives a place the storage of a fixture."""
    if installation.engine == "sqlite":
        data = installation.database.parent
        data.mkdir(mode=0o700, parents=True)
        for path, contents in files.items():
            (data / path).write_bytes(contents)
            (data / path).chmod(0o600)
        return
    installation.prepare()
    installation.database.ask("SET SESSION AUTHORIZATION rostrum;\n" + files[DUMP].decode(), "rostrum")
    installation.environment["ROSTRUM_MASTER_KEY"] = files["master.key"].decode()
    installation.choose()


def copy_of(installation, directory):
    """A copy of a data directory, of which no server has the lock."""
    shutil.copytree(installation.database.parent, directory)
    return directory
