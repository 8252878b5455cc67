"""Files on their way into a package, and an archive of them that comes out the same whoever makes it and whenever."""
import dataclasses
import gzip
import io
import os
import pathlib
import tarfile


@dataclasses.dataclass(frozen=True)
class File:
    contents: bytes
    mode: int = 0o644

    @classmethod
    def read(cls, path, mode=0o644):
        return cls(pathlib.Path(path).read_bytes(), mode)

    def packed(self):
        """As `gzip -9n` makes it."""
        return File(gzip.compress(self.contents, 9, mtime=0), self.mode)


def parents(path):
    return [str(parent) for parent in pathlib.PurePosixPath(path).parents if parent.name]


def write(target, files, moment):
    """A .tar.gz.

    - files: by their paths in it; the directories that they are in come along.
    - moment: seconds since 1970, when everything in it was made.
    """
    with open(target, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, moment) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted({parent for path in files for parent in parents(path)} | files.keys()):
                entry = tarfile.TarInfo(path)
                entry.mtime, entry.uname, entry.gname = moment, "root", "root"
                if file := files.get(path):
                    entry.mode, entry.size = file.mode, len(file.contents)
                    archive.addfile(entry, io.BytesIO(file.contents))
                else:
                    entry.mode, entry.type = 0o755, tarfile.DIRTYPE
                    archive.addfile(entry)


def lay_out(root, files, moment):
    """The same as files below a directory."""
    for path, file in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.contents)
        place.chmod(file.mode)
        os.utime(place, (moment, moment))
    for place in [root, *root.rglob("*")]:
        if place.is_dir():
            place.chmod(0o755)
            os.utime(place, (moment, moment))
