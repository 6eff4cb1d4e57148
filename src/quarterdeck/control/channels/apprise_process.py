"""Our side of the process that speaks for Apprise."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from quarterdeck.control.channels.model import Outcome, allowed_hosts
from quarterdeck.kernel import faults
from quarterdeck.kernel.errors import Invalid

TIMEOUT_S = 30.0
CONNECT_S = 10.0
_CHILD = "quarterdeck.control.channels.apprise_child"


@dataclass(frozen=True, slots=True)
class Service:
    """What Apprise takes a URL for."""

    name: str


async def check(url: str) -> Service:
    """Raises Invalid when Apprise cannot make anything of it. Nothing is sent."""
    answer = await _ask({"op": "check", "url": url, "allowed": []})
    if not answer["ok"]:
        raise Invalid(
            "Apprise does not understand this url; see its list of services says how each is written.", field="url"
        )
    return Service(answer["service"])


async def send(url: str, title: str, body: str, *, allow_private: bool, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Send one message. Never raises: what goes wrong is in the outcome, without the address."""
    allowed = sorted(allowed_hosts(url)) if allow_private else []
    asked = {"op": "send", "url": url, "title": title, "body": body, "allowed": allowed, "timeout_s": CONNECT_S}
    answer = await _ask(asked, timeout_s)
    if answer["ok"]:
        return Outcome(True)
    error = str(answer.get("error") or "It was not sent.").replace(url, "…")
    return Outcome(False, error=faults.in_words(error)[:500], final="refused:" in error)


async def _ask(request: dict[str, Any], timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    # Nothing of our environment: it may hold credentials of providers.
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LANG": "C.UTF-8", "PATH": os.defpath}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        _CHILD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        cwd="/",
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, _ = await child.communicate(json.dumps(request).encode())
        answer: dict[str, Any] = json.loads(out)
        return answer
    except TimeoutError:
        return {"ok": False, "error": f"The receiver did not answer within {timeout_s:.0f} s."}
    except ValueError:
        return {"ok": False, "error": "Apprise broke off."}
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
