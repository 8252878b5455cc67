"""What a release consists of: the program, what it says of itself, and the files of the repository that go with it."""
import functools
import json
import os
import pathlib
import subprocess
import tempfile

from archive import File
import manual

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "deploy/package"
UNITS = ["rostrum.service", "rostrum@.service"]
# Where the units of the repository say that the program is.
BY_HAND = "/usr/local/bin/rostrum"


class Release:
    def __init__(self, program):
        self.program = pathlib.Path(program).absolute()
        self.version = self.said("--version").strip()
        self.moment = commit_time()

    def said(self, *words):
        """What the program prints."""
        environment = {"PATH": os.environ["PATH"], "COLUMNS": "80"}
        return subprocess.run([self.program, *words], env=environment, check=True, capture_output=True, text=True).stdout

    @functools.cached_property
    def stripped(self):
        """The program without what only a debugger wants, and without the word that libraries may lie beside it."""
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run(["strip", "--strip-all", "--remove-section=.comment", "-o", file.name, self.program], check=True)
            subprocess.run(["chrpath", "--delete", file.name], check=True, stdout=subprocess.DEVNULL)
            return File.read(file.name, 0o755)

    def manual(self):
        return File(manual.page(json.loads(self.said("--experimental-dump-help")), self.version, self.moment).encode())

    def completions(self):
        """By the shell's name."""
        scripts = {shell: self.said("--generate-completion-script", shell) for shell in ("bash", "zsh", "fish")}
        # It is read by a shell, not run.
        scripts["bash"] = scripts["bash"].removeprefix("#!/bin/bash\n").lstrip()
        return {shell: File(script.encode()) for shell, script in scripts.items()}

    def units(self, program=BY_HAND):
        """By their names, for a program that is there."""
        texts = {name: (ROOT / "deploy/systemd" / name).read_text() for name in UNITS}
        for name, text in texts.items():
            assert f"ExecStart={BY_HAND} " in text, f"{name} starts another program"
        return {name: File(text.replace(BY_HAND, program).encode()) for name, text in texts.items()}

    def documentation(self):
        """The pages of docs, with what they show and tell to use, by their paths in the repository."""
        paths = tracked("docs", "README.md", "CHANGELOG.md", "deploy/prometheus", "deploy/grafana", "examples")
        return {path: File.read(ROOT / path) for path in paths}

    @functools.cached_property
    def legal(self):
        """The licence, and what Rostrum is built of."""
        with tempfile.TemporaryDirectory() as directory:
            texts, bill = f"{directory}/texts", f"{directory}/bill"
            subprocess.run([ROOT / "scripts/notice", "--check", "--texts", texts, "--sbom", bill], check=True,
                           env={**os.environ, "SOURCE_DATE_EPOCH": str(self.moment)})
            return {"LICENSE": File.read(ROOT / "LICENSE"), "NOTICE": File.read(ROOT / "NOTICE"),
                    "THIRD-PARTY-LICENSES": File.read(texts), "rostrum.cdx.json": File.read(bill)}


def commit_time():
    """Seconds since 1970: SOURCE_DATE_EPOCH, else when the commit was made that is checked out."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or git("log", "-1", "--format=%ct"))


def author():
    """Who made that commit, as NAME <ADDRESS>."""
    return git("log", "-1", "--format=%an <%ae>").strip()


def tracked(*paths):
    return git("ls-files", "--", *paths).splitlines()


def git(*words):
    return subprocess.run(["git", "-C", ROOT, *words], check=True, capture_output=True, text=True).stdout
