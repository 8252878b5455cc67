"""Whether everything that the server offers is exercised."""
import re
import subprocess

from operations import NOT_READ, READS, WRITES


def uncovered(binary, protocol):
    """The commands and methods that are neither among the writing operations nor known to read only, or to keep nothing."""
    listed = subprocess.run([binary, "commands"], capture_output=True, text=True, check=True).stdout
    commands = {line.split()[0].split("/")[1] for line in listed.splitlines() if line}
    methods = set(re.findall(r"^\| `(\w+)` \|", protocol.read_text().split("## Methods")[1], re.MULTILINE))
    assert commands and methods
    return sorted((commands | methods) - WRITES - READS - NOT_READ)
