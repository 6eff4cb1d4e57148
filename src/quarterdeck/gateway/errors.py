"""Refusals: what the gateway itself says no to.

Statuses are chosen for what real clients do with them: SDKs retry 409 and 5xx, and some agent runtimes disable a key
for minutes at the sight of words like budget or quota. So what concerns one run is a neutral 400.
"""

from collections.abc import Sequence

Headers = Sequence[tuple[bytes, bytes]]


class Refusal(Exception):
    """The caller gets `status`, `code` and `message` in its own dialect; `headers` ride along."""

    def __init__(self, status: int, code: str, message: str, *, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.details: Sequence[str] = ()
        """What is wrong, one by one, for those who show lists."""
        self.final = False
        """Whether it holds wherever the call would go, so that a route does not go on."""


def server_stopping() -> Refusal:
    return Refusal(
        503,
        "server_stopping",
        "The server is stopping and has waited for this call. Send it again in a moment.",
        headers=[(b"retry-after", b"1")],
    )


def ended(code: str, message: str) -> Refusal:
    """What a caller is told whose call somebody ended before its answer began."""
    stopping = server_stopping()
    return stopping if code == stopping.code else Refusal(400, code, message)


def no_key() -> Refusal:
    return Refusal(
        401,
        "key_invalid",
        "No key was sent. Send your agent's key as 'Authorization: Bearer …', 'x-api-key' or 'x-goog-api-key'.",
    )


def unknown_key() -> Refusal:
    return Refusal(
        401, "key_invalid", "This key is not known here. Check it for missing characters, or make a new one."
    )


def undecided_key() -> Refusal:
    """Not 401: clients take that for final, and a run key may have been handed out a moment ago."""
    return Refusal(
        503,
        "key_unchecked",
        "This key could not be checked just now. Try again in a second.",
        headers=[(b"retry-after", b"1")],
    )


def revoked_key() -> Refusal:
    return Refusal(401, "key_invalid", "This key was revoked. Ask for a new one.")


def expired_key() -> Refusal:
    return Refusal(401, "key_invalid", "This key has expired. Ask for a new one.")


def member_key() -> Refusal:
    return Refusal(
        401, "key_invalid", "This is a member's token; model calls need an agent's key. Make one on the agent's page."
    )


def run_ended() -> Refusal:
    return Refusal(400, "run_ended", "The run this key belongs to has ended. Claim a task to get a new run and key.")


def task_paused() -> Refusal:
    return Refusal(400, "task_paused", "This task is held. Stop here; the work is resumed by the people who hold it.")


def run_stopped() -> Refusal:
    return Refusal(400, "run_stopped", "This run was stopped. Stop here; nothing more is expected of it.")


def agent_paused(name: str, desired: str) -> Refusal:
    words = "is paused" if desired == "paused" else "is retired"
    return Refusal(
        403, "agent_paused", f"The agent {name} {words}. A person has to enable it before it can call again."
    )


def model_not_allowed(model: str) -> Refusal:
    return Refusal(
        403, "model_not_allowed", f"This key may not use {model}. Use an allowed model or ask for another key."
    )


def model_unknown(model: str, names: Sequence[str]) -> Refusal:
    known = ", ".join(names) or "none is set up"
    return Refusal(
        404,
        "model_not_found",
        f"No provider here serves {model!r} in this API. Write it as provider/model; providers: {known}.",
    )


def provider_unknown(name: str, names: Sequence[str]) -> Refusal:
    known = ", ".join(names) or "none is set up"
    return Refusal(
        404, "provider_unknown", f"There is no provider {name!r} here that can be asked; there are: {known}."
    )


def provider_unnamed(names: Sequence[str]) -> Refusal:
    known = ", ".join(names) or "none is set up"
    return Refusal(
        400,
        "provider_unnamed",
        f"Say which provider to ask, in the header x-quarterdeck-provider or before the model; there are: {known}.",
    )


def host_needs_own_key() -> Refusal:
    return Refusal(
        403,
        "custom_host_not_allowed",
        "The provider's stored key is not sent to an address that a request names. Send a key of your own with it "
        "(api_key in the config), or ask for a saved route with that custom_host.",
    )


def no_condition_matched() -> Refusal:
    return Refusal(400, "no_condition_matched", "No condition of the route holds for this call, and it has no default.")


def nothing_to_try() -> Refusal:
    return Refusal(503, "provider_unavailable", "The route of this call has no target that could be asked in time.")


def request_timeout(limit_ms: int) -> Refusal:
    """Portkey's words, which its clients know."""
    return Refusal(408, "request_timeout", f"Request exceeded the timeout sent in the request: {limit_ms}ms")


def no_such_path(path: str) -> Refusal:
    return Refusal(404, "path_unknown", f"{path} is not a path this gateway serves. See /api/docs for those it does.")


def wrong_method(method: bytes, path: str, allowed: bytes) -> Refusal:
    words = f"{path} takes {allowed.decode()}, not {method.decode('latin-1')}."
    return Refusal(405, "method_not_allowed", words, headers=[(b"allow", allowed)])


def bad_body(message: str) -> Refusal:
    return Refusal(400, "invalid_body", message)


def body_too_large(limit: int) -> Refusal:
    return Refusal(413, "body_too_large", f"The request body is larger than the {limit} bytes allowed here.")


def cannot_express(provider: str, why: str) -> Refusal:
    return Refusal(400, "cannot_express", f"The provider {provider} cannot take this request: {why}")


def provider_broken(why: str) -> Refusal:
    return Refusal(502, "provider_broken", why)


def provider_unavailable(provider: str, code: str, words: str) -> Refusal:
    return Refusal(503, "provider_unavailable", f"The provider {provider} could not be reached: {words} ({code}).")


def provider_unset(provider: str, why: str) -> Refusal:
    return Refusal(503, "provider_unavailable", f"The provider {provider} cannot be used: {why}.")


def journal_full() -> Refusal:
    return Refusal(
        503,
        "journal_full",
        "The disk that calls are recorded on is full, and calls that cannot be recorded are refused. Free some space.",
        headers=[(b"retry-after", b"10")],
    )


def not_ready() -> Refusal:
    return Refusal(503, "starting", "The server is starting. Try again in a second.", headers=[(b"retry-after", b"1")])
