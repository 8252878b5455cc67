"""The archive for machines without dpkg: unpack it anywhere, or install it by hand."""
import platform

import archive
from release import PACKAGE, ROOT


def write(release, directory):
    """Its path."""
    name = f"rostrum-{release.version}"
    completions = release.completions()
    files = {
        "bin/rostrum": release.stripped,
        "share/man/man1/rostrum.1": release.manual(),
        "share/bash-completion/completions/rostrum": completions["bash"],
        "share/zsh/site-functions/_rostrum": completions["zsh"],
        "share/fish/vendor_completions.d/rostrum.fish": completions["fish"],
        "etc/rostrum.yaml": archive.File.read(PACKAGE / "rostrum.yaml"),
        "etc/node.env": archive.File.read(ROOT / "deploy/systemd/node.env"),
        **{f"systemd/{unit}": file for unit, file in release.units().items()},
        **release.documentation(),
        **release.legal,
    }
    target = directory / f"{name}-linux-{platform.machine()}.tar.gz"
    archive.write(target, {f"{name}/{path}": file for path, file in files.items()}, release.moment)
    return target
