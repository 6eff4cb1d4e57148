"""A process says who it is in a file that is never seen half written."""

import os
from pathlib import Path

from quarterdeck.kernel.errors import Changed


def write(path: Path) -> None:
    """This process's id, and a line end."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(f"{os.getpid()}\n")
    fresh.replace(path)


def none_runs(directory: Path) -> None:
    """Raises Changed when a process that wrote one there is still running.

    Not this one: in a container it easily has the number of a server that was killed.
    """
    for path in sorted(directory.glob("*.pid")):
        text = path.read_text().strip()
        if text.isdecimal() and int(text) != os.getpid() and _is_ours(int(text)):
            raise Changed(f"A server runs on {directory} (process {text}); stop it first.", code="running")


def _is_ours(pid: int) -> bool:
    """Whether the process is there, and not another that has got its number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{pid}/cmdline")
    return not command.exists() or b"quarterdeck" in command.read_bytes()
