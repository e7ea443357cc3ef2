"""Environments of their own for the peers, outside the repository, made on the first run."""

import shutil
import subprocess
import sys
from pathlib import Path

# six: ZigZag 3.9.1 imports it without asking for it.
PEERS = {
    "accelforge": ("accelforge==1.0.467",),
    "zigzag": ("zigzag-dse==3.9.1", "six==1.17.0"),
}
NEEDS_PYTHON_3_12 = ("accelforge",)


def python_of(peer: str, folder: Path) -> Path | None:
    """The interpreter with the peer installed; None, with a line on stderr, if that cannot be."""
    python = folder / peer / "bin" / "python"
    done = folder / peer / "installed"
    packages = "\n".join(PEERS[peer])
    if done.exists() and done.read_text() == packages:
        return python
    base = _python_3_12() if peer in NEEDS_PYTHON_3_12 else sys.executable
    lacking = [] if base else ["Python 3.12 (uv python install 3.12, or pyenv)"]
    if peer in NEEDS_PYTHON_3_12 and not shutil.which("dot"):
        lacking.append("graphviz (apt-get install graphviz)")
    if base is None or lacking:
        print(f"{peer} needs {' and '.join(lacking)}: left out", file=sys.stderr)
        return None
    subprocess.run([base, "-m", "venv", "--clear", str(folder / peer)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-qqq", *PEERS[peer]], check=True)
    done.write_text(packages)
    return python


def _python_3_12() -> str | None:
    """Of several, the first that starts; a shim of pyenv may not."""
    shims = Path.home() / ".pyenv" / "versions"
    found = [shutil.which("python3.12"), *sorted(map(str, shims.glob("3.12*/bin/python3.12")))]
    for python in filter(None, found):
        if subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0:
            return python
    return None
