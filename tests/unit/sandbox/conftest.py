"""A real sandbox process, and a client that sees every byte."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0
CORPUS = Path(os.environ.get("QUARTERDECK_CORPUS", _REPOSITORY.parent / "shared" / "corpus")) / "provider_traffic"


@dataclass(frozen=True)
class Raw:
    """What came back on the socket, unparsed but for the head."""

    status: int | None
    headers: dict[str, str]
    body: bytes
    """As it was framed."""
    ended: str
    """fin, reset, or open when nothing more came."""
    arrivals: list[tuple[float, int]]
    """For each read: seconds since the request was sent, and bytes."""

    @property
    def parts(self) -> list[bytes]:
        """The chunks of a chunked body; a last one b"" only if the terminator came."""
        out, rest = [], self.body
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            out.append(rest[:length])
            rest = rest[length + 2 :]
        return out

    @property
    def text(self) -> str:
        whole = b"".join(self.parts) if "transfer-encoding" in self.headers else self.body
        return whole.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Sandbox:
    url: str
    port: int

    def raw(
        self,
        path: str = "/v1/chat/completions",
        body: object = None,
        *,
        method: str = "POST",
        script: object = None,
        quiet_s: float = 20.0,
        enough: Callable[[bytes], bool] = lambda _: True,
        headers: tuple[str, ...] = (),
    ) -> Raw:
        """One request on its own connection, read until it ends or nothing came for `quiet_s`.

        `enough`: before that came it is not given up on so soon, for the machine is shared.
        """
        data = body if isinstance(body, bytes) else json.dumps(self.chat() if body is None else body).encode()
        lines = [f"{method} {path} HTTP/1.1", "host: sandbox", f"content-length: {len(data)}", *headers]
        if script is not None:
            lines.append(f"x-sandbox-script: {json.dumps(script)}")
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
            return _read(connection, quiet_s, enough)

    @staticmethod
    def chunks(count: int) -> Callable[[bytes], bool]:
        """Whether so many events of a stream came, each of them a chunk."""
        return lambda data: data.count(b"\n\n\r\n") >= count

    @staticmethod
    def some_body(data: bytes) -> bool:
        return data.partition(b"\r\n\r\n")[2] != b""

    @staticmethod
    def chat(text: str = "hi there", *, model: str = "gpt-4o-mini", stream: bool = False) -> dict[str, Any]:
        return {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream}

    def stream(self, script: object, **more: Any) -> Raw:
        """A chat stream that plays a script."""
        return self.raw(body=self.chat(stream=True), script=script, **more)

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self.raw(path, body or {}, method=method).json

    def use(self, script: object) -> None:
        assert self.call("POST", "/sandbox/script", script) == {"ok": True}

    def requests(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/sandbox/requests")["requests"])


def _read(connection: socket.socket, quiet_s: float, enough: Callable[[bytes], bool]) -> Raw:
    began, data, arrivals, ended = time.monotonic(), b"", [], "open"
    while True:
        connection.settimeout(quiet_s if enough(data) else PATIENCE_S)
        try:
            got = connection.recv(65536)
        except TimeoutError:
            break
        except ConnectionResetError:
            ended = "reset"
            break
        if not got:
            ended = "fin"
            break
        arrivals.append((time.monotonic() - began, len(got)))
        data += got
        if _complete(data):
            break
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1]) if data else None
    pairs = [line.split(": ", 1) for line in lines[1:]] if data else []
    return Raw(status, {name: value for name, value in pairs}, body, ended, arrivals)


def _complete(data: bytes) -> bool:
    """Whether HTTP says so: then there is no need to wait for quiet."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) == int(line.split(b":")[1])
    return body.endswith(b"\r\n0\r\n\r\n") or body == b"0\r\n\r\n"


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "quarterdeck.sandbox", "--port", "0"]
    if CORPUS.is_dir():
        command += ["--corpus", str(CORPUS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        yield Sandbox(url, int(url.rpartition(":")[2]))
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    for method, path in (("DELETE", "/sandbox/script"), ("DELETE", "/sandbox/requests")):
        sandbox_process.call(method, path)
    sandbox_process.call("POST", "/sandbox/speed", {"speed": 1})
    return sandbox_process


@pytest.fixture
def corpus() -> Path:
    """Recorded traffic of real providers."""
    if not CORPUS.is_dir():
        pytest.skip(f"no recorded traffic in {CORPUS}")
    return CORPUS
