"""The product served over a store as its user serves it, with the sandbox as its provider."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import machine
from targets import free_port

CONFIG = """
[[providers]]
name = "openai"
kind = "openai"
base_url = "{sandbox}/v1"
credential = "env:BENCH_PROVIDER_KEY"
allow_private = true
"""


@dataclass(frozen=True)
class Served:
    """A running installation and its owner's token."""

    url: str
    token: str
    process: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        """What its processes have used so far."""
        return machine.cpu_seconds(machine.family(self.process.pid))


@contextlib.contextmanager
def serving(data: Path, token: str, *, patience_s: float = 120.0) -> Iterator[Served]:
    """Serve the store in `data`; its output goes to `output.log` there. Raises RuntimeError when it does not start."""
    data.mkdir(parents=True, exist_ok=True)
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.sandbox", "--port", "0", "--keep", "0"], stdout=subprocess.PIPE, text=True
    )
    assert sandbox.stdout is not None
    config = data / "quarterdeck.toml"
    config.write_text(CONFIG.format(sandbox=sandbox.stdout.readline().strip()))
    port = free_port()
    command = [sys.executable, "-m", "quarterdeck", "serve", "--config", config, "--data", data]
    environment = {**os.environ, "QUARTERDECK_OWNER_TOKEN": token, "BENCH_PROVIDER_KEY": "sk-bench"}
    with (data / "output.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _until_ready(url, token, process, data, patience_s)
        yield Served(url, token, process)
    finally:
        machine.stop(process, 30)
        machine.stop(sandbox)


def _until_ready(url: str, token: str, process: "subprocess.Popen[bytes]", data: Path, patience_s: float) -> None:
    """Until the API answers: a gateway that was here before is ready without it."""
    asking = urllib.request.Request(f"{url}/api/v1/settings", headers={"authorization": f"Bearer {token}"})
    deadline = time.monotonic() + patience_s
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(asking, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{(data / 'output.log').read_text()[-3000:]}")
