"""A supervisor that is killed takes its children along, and they end in order."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from system_world import START_S, free_port, wait_until


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # In a container there may be nobody who takes in an orphan that has ended.
    stat = Path(f"/proc/{pid}/stat")
    return stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_killed_supervisor_leaves_nobody_serving_and_nothing_behind(tmp_path: Path) -> None:
    data, said, port = tmp_path / "data", tmp_path / "said", free_port()
    with tempfile.TemporaryDirectory(prefix="t") as runtime:  # not below tmp_path: a socket's path is to be short
        with said.open("w") as out:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "quarterdeck", "serve", "--data", data, "--port", str(port)],
                env={**os.environ, "TMPDIR": runtime},
                stdout=out,
            )
        wait_until(lambda: "serves on" in said.read_text(), START_S)
        children = [int((data / f"{role}.pid").read_text()) for role in ("gateway", "control")]
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
        wait_until(lambda: all(gone(pid) for pid in children))
        assert list(Path(runtime).iterdir()) == []
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))
    # Control closed the database: its log goes with the last connection, and stays when a process just ends.
    assert not (data / "quarterdeck.db-wal").exists()
