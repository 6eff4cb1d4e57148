"""What a route changes in a request: parameters in the caller's own body, and headers."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from quarterdeck.access.routing.config import Leaf, Patch, Path
from quarterdeck.gateway import errors
from quarterdeck.gateway.dialects.base import BadBody, Dialect
from quarterdeck.gateway.dialects.bytes_patch import members, remove_top_level, set_each
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.headers import Headers
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import HOP_BY_HOP

_OURS = (b"qd-", b"Bearer qd-", b"bearer qd-")


_COSTING = frozenset(
    {
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "generationConfig",
        "inferenceConfig",
        "service_tier",
    }
)
"""Members that say how much may be written, or in which tier."""


def apply(draft: Draft, patch: Patch, dialect: Dialect) -> None:
    """Patch the request, and know what it may cost now. Raises Refusal."""
    draft.request_body = patched(draft.request_body, patch)
    names = {name for name, _ in (*patch.default, *patch.override)} | {path[0] for path in patch.drop}
    if draft.facts is None or _COSTING.isdisjoint(names):
        return
    try:
        found = dialect.read_request(draft.request_body)
    except BadBody as error:
        raise errors.bad_body(str(error)) from None
    draft.facts = msgspec.structs.replace(draft.facts, max_output=found.max_output, names_tier=found.names_tier)


def patched(body: bytes, patch: Patch) -> bytes:
    """The body with defaults, overrides and drops applied; all else keeps its bytes. Raises Refusal."""
    try:
        if patch.default:
            there = {member.name for member in members(body)}
            changes = [(name, value) for name, value in patch.default if name not in there]
            body = set_each(body, changes) if changes else body
        if patch.override:
            body = set_each(body, list(patch.override))
        for path in patch.drop:
            body = _dropped(body, path)
    except BadBody as error:
        raise errors.bad_body(str(error)) from None
    return body


def _dropped(body: bytes, path: Path) -> bytes:
    names = [step for step in path if isinstance(step, str)]
    if len(names) == len(path):
        return remove_top_level(body, names)
    # An index leads into a list, which is read and written anew; what surrounds it keeps its bytes.
    first = names[0]
    found = next((member for member in members(body) if member.name == first), None)
    if found is None:
        return body
    value = msgspec.json.decode(body[found.value_start : found.value_end])
    if not _drop_inside(value, path[1:]):
        return body
    return set_each(body, [(first, msgspec.json.encode(value))])


def _drop_inside(value: object, path: Path) -> bool:
    """Whether anything was taken out of the decoded value."""
    step, rest = path[0], path[1:]
    if step is None:
        return isinstance(value, list) and _drop_from_each(value, rest)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        if rest:
            return _drop_inside(value[step], rest)
        del value[step]
        return True
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        if rest:
            return _drop_inside(value[step], rest)
        del value[step]
        return True
    return False


def _drop_from_each(value: list[object], rest: Path) -> bool:
    if rest:
        return any([_drop_inside(each, rest) for each in value])
    found = bool(value)
    value.clear()
    return found


def with_headers(leaf: Leaf, target: Target, draft: Draft, headers: list[tuple[bytes, bytes]]) -> Target:
    """The target; what its route adds goes into `headers`, and a caller's own key in place of the provider's."""
    there = {name for name, _ in headers}
    added = [pair for pair in _headers_for(leaf, draft.request_headers) if pair[0] not in there]
    own = {name for name, _ in leaf.headers}
    headers[:] = [pair for pair in headers if pair[0] not in own]
    headers.extend(added)
    headers.extend(pair for pair in leaf.headers if pair[0] in there)
    names = {name for name, _ in added}
    if not _is_ours(target, names):
        return target
    return replace(target, auth=_without(target.auth, names), bearer=_without(target.bearer, names))


def _headers_for(leaf: Leaf, callers: Headers) -> list[tuple[bytes, bytes]]:
    """What a route sends beside the usual headers: its own, and the caller's that it names, but never our keys."""
    named = {name.encode() for name in leaf.forward_headers}
    found = [
        (name, value)
        for name, value in callers
        if name in named and name not in HOP_BY_HOP and not value.startswith(_OURS)
    ]
    return [*leaf.headers, *found]


def _without(pairs: Sequence[tuple[bytes, bytes]], names: set[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(pair for pair in pairs if pair[0] not in names)


def _is_ours(target: Target, names: set[bytes]) -> bool:
    """Whether a header of these would come twice: once from the caller, once as the provider's own key."""
    return any(name in names for name, _ in (*target.auth, *target.bearer))
