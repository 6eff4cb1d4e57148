"""`/sandbox/…`: how a test or a demo tells the sandbox what to play, and looks at what it received."""

from collections.abc import Callable

import msgspec

from quarterdeck.sandbox.catalogue import NAMED
from quarterdeck.sandbox.replies import Reply, json_reply
from quarterdeck.sandbox.rules import rules_from_json
from quarterdeck.sandbox.sandbox import Sandbox
from quarterdeck.sandbox.scripts import BadScript


def administer(sandbox: Sandbox, method: str, target: str, body: bytes) -> Reply:
    """The answer to a request below `/sandbox/`."""
    path, _, query = target.partition("?")
    handler = _HANDLERS.get((method, path))
    if handler is None:
        known = ", ".join(f"{verb} {place}" for verb, place in _HANDLERS)
        return _answer(404, {"error": f"there is no {method} {path}; there are {known}"})
    try:
        return _answer(200, handler(sandbox, query, body))
    except BadScript as error:
        return _answer(400, {"error": str(error)})


def _health(sandbox: Sandbox, query: str, body: bytes) -> object:
    return {"ok": True}


def _set_script(sandbox: Sandbox, query: str, body: bytes) -> object:
    sandbox.use(rules_from_json(body))
    return {"ok": True}


def _clear_script(sandbox: Sandbox, query: str, body: bytes) -> object:
    sandbox.use(())
    return {"ok": True}


def _show_script(sandbox: Sandbox, query: str, body: bytes) -> object:
    return {"rules": sandbox.rules}


def _show_named(sandbox: Sandbox, query: str, body: bytes) -> object:
    return {"scripts": NAMED}


def _show_requests(sandbox: Sandbox, query: str, body: bytes) -> object:
    after = query.removeprefix("after=")
    if query and not after.isdigit():
        raise BadScript("`after` is the number of a request")
    return {"requests": [request.shown() for request in sandbox.log.after(int(after or 0))]}


def _clear_requests(sandbox: Sandbox, query: str, body: bytes) -> object:
    sandbox.log.clear()
    return {"ok": True}


def _set_speed(sandbox: Sandbox, query: str, body: bytes) -> object:
    try:
        speed = msgspec.json.decode(body, type=dict[str, float])["speed"]
    except (msgspec.DecodeError, KeyError) as error:
        raise BadScript('`speed` is a number: {"speed": 60}') from error
    if not speed > 0:
        raise BadScript("`speed` is above zero")
    sandbox.speed = speed
    return {"ok": True}


_HANDLERS: dict[tuple[str, str], Callable[[Sandbox, str, bytes], object]] = {
    ("GET", "/sandbox/health"): _health,
    ("POST", "/sandbox/script"): _set_script,
    ("DELETE", "/sandbox/script"): _clear_script,
    ("GET", "/sandbox/script"): _show_script,
    ("GET", "/sandbox/scripts"): _show_named,
    ("GET", "/sandbox/requests"): _show_requests,
    ("DELETE", "/sandbox/requests"): _clear_requests,
    ("POST", "/sandbox/speed"): _set_speed,
}


def _answer(status: int, value: object) -> Reply:
    return json_reply(status, msgspec.json.encode(value))
