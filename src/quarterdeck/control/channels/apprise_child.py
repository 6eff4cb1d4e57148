"""The process that speaks for Apprise: `python -m quarterdeck.control.channels.apprise_child`.

The code of a hundred services, which connects wherever a URL says, runs here and not in ours, with nothing in its
environment and under an audit hook: it connects to the addresses the egress policy lets through and to nothing else
(checked at the connection itself, so a name that answers differently the second time gains nothing), reads no files but
Python's own and starts no program. One JSON object comes in on standard input, one goes out on standard output.
"""

import contextlib
import json
import os
import socket
import sys
import sysconfig
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from quarterdeck.kernel.egress import EgressPolicy, canonical_host, is_public

_NEVER = ("subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.startfile", "pty.spawn")
_READABLE = ("/etc/", "/usr/share/zoneinfo", "/usr/share/ca-certificates", "/usr/lib", "/usr/local/lib", "/dev/null")
_UNREADABLE = ("/etc/shadow", "/etc/gshadow")


class Refused(OSError):
    """Something that a notification has no business with."""


class Guard:
    """What the process may do from now on. Once installed it cannot be taken away."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._named: set[tuple[str, int]] = set()
        own = {*sysconfig.get_paths().values(), *sys.path, sys.prefix} - {""}
        self._roots = tuple(os.path.realpath(path) + os.sep for path in own)
        self._resolve = socket.getaddrinfo

    def install(self) -> None:
        socket.getaddrinfo = self._getaddrinfo
        sys.addaudithook(self._heard)

    def _getaddrinfo(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        """Remember the addresses of a host that was allowed by name: only they are let through besides public ones."""
        found = self._resolve(host, port, *rest, **more)
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and self._policy.allows_host(canonical_host(name), int(port or 0)):
            self._named |= {(str(each[4][0]), int(port or 0)) for each in found}
        return found

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            self._check_address(arguments[1])
        elif event == "socket.bind":
            raise Refused("refused: a notification listens nowhere")
        elif event == "open":
            self._check_file(arguments[0], arguments[1], arguments[2])
        elif event.startswith(_NEVER):
            raise Refused(f"refused: {event}")

    def _check_address(self, address: Any) -> None:
        if not isinstance(address, tuple):
            raise Refused("refused: only Internet addresses are called")
        host, port = str(address[0]).partition("%")[0], int(address[1])
        try:
            public = is_public(ip_address(host))
        except ValueError:
            raise Refused(f"refused: {host} is no address") from None
        if not public and (host, port) not in self._named:
            raise Refused(f"refused: {host} is not a public address; an admin can allow it with allow_private")

    def _check_file(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else 0
        real = os.path.realpath(os.fsdecode(path))
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            if real != "/dev/null":
                raise Refused("refused: a notification writes no file")
        elif real.startswith(_UNREADABLE) or not real.startswith((*self._roots, *_READABLE)):
            raise Refused("refused: a notification reads no file")


def main() -> None:
    """Answer one request: `{"op": "check"|"send", "url", "title", "body", "allowed", "timeout_s"}`."""
    request = json.loads(sys.stdin.buffer.read())
    with _quiet() as said:
        answer = _answer(request)
    if not answer["ok"] and not answer.get("error"):
        answer["error"] = _last(said)
    sys.stdout.write(json.dumps(answer))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    import apprise  # noqa: PLC0415 - only here, under the guard's eyes
    from apprise.common import PersistentStoreMode  # noqa: PLC0415

    Guard(EgressPolicy(frozenset(request["allowed"]))).install()
    asset = apprise.AppriseAsset(storage_mode=PersistentStoreMode.MEMORY, async_mode=False, app_id="Quarterdeck")
    try:
        service = apprise.Apprise.instantiate(request["url"], asset=asset, suppress_exceptions=False)
    except (TypeError, OSError) as error:
        return {"ok": False, "error": f"{error}" or "Apprise does not understand this url."}
    if service is None:
        return {"ok": False, "error": "Apprise does not understand this url."}
    if request["op"] == "check":
        return {"ok": True, "service": str(service.service_name)}
    socket.setdefaulttimeout(request["timeout_s"])
    service.socket_connect_timeout = service.socket_read_timeout = request["timeout_s"]
    return {"ok": bool(service.notify(title=request["title"], body=request["body"]))}


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Take what Apprise logs as the reason of a failure."""
    import logging  # noqa: PLC0415

    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger = logging.getLogger("apprise")
    logger.addHandler(Keep(logging.DEBUG))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield said


def _last(said: list[str]) -> str:
    """The line that tells most: our own refusal, else the last of Apprise."""
    for line in reversed(said):
        if "refused:" in line:
            return line[line.index("refused:") :].partition("'")[0].rstrip(")\"' ")
    telling = [line for line in said if "rror" in line or "ailed" in line]
    return (telling or said or ["It was not sent."])[-1][:500]


if __name__ == "__main__":
    main()
