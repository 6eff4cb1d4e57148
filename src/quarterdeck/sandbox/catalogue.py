"""Scripts by name, so that a model name alone chooses one.

Grammar of a model name: `sandbox-NAME` or `sandbox/NAME` (or NAME alone, which is what is left when a gateway has
taken a provider called `sandbox` off), then any number of `,FIELD=VALUE`. A field is a path into the script with dots
(`timing.chunk_ms=20`), a value is JSON or else a string: `sandbox-words,words=64,chunks=64,timing.chunk_ms=20`.
"""

from typing import Any

import msgspec

from quarterdeck.sandbox.scripts import BadScript, Script, script_from

_WEATHER = {"name": "get_weather", "arguments": {"city": "Oslo"}}
_TIME = {"name": "get_time", "arguments": {"zone": "Europe/Oslo"}}

NAMED: dict[str, dict[str, Any]] = {
    "fixed": {"text": "Hello from the sandbox."},
    "echo": {"echo": True},
    "words": {"words": 64},
    "paced": {"words": 64, "chunks": 64, "timing": {"chunk_ms": 20}},
    "slow": {"text": "Sorry for the wait.", "timing": {"first_byte_ms": 2000}},
    "real": {
        "words": 120,
        "timing": {"first_byte_ms": {"kind": "lognormal", "median_ms": 600, "sigma": 0.5}, "chunk_ms": 15},
    },
    "reasoning": {
        "text": "Forty-two.",
        "reasoning": "Six times seven is forty-two.",
        "usage": {"input": 20, "output": 90, "reasoning": 80},
    },
    "cached": {"text": "As before.", "usage": {"input": 5000, "output": 12, "cache_read": 4500, "cache_write_5m": 300}},
    "cached-1h": {"text": "As before.", "usage": {"input": 5000, "output": 12, "cache_write_1h": 4000}},
    "audio": {"text": "La la la.", "usage": {"input": 120, "output": 80, "audio_in": 100, "audio_out": 60}},
    "no-usage": {"text": "Who counts?", "usage": {"omit": True}},
    "tools": {"answers": [{"tools": [_WEATHER]}, {"text": "It is 12 degrees in Oslo."}]},
    "parallel-tools": {"answers": [{"tools": [_WEATHER, _TIME]}, {"text": "It is noon and 12 degrees in Oslo."}]},
    "truncated": {"text": "I was about to say", "stop": "length"},
    "gzip": {"text": "Small on the wire.", "encoding": "gzip"},
    "br": {"text": "Smaller on the wire.", "encoding": "br"},
    "400": {"fault": {"kind": "status", "status": 400}},
    "401": {"fault": {"kind": "status", "status": 401}},
    "403": {"fault": {"kind": "status", "status": 403}},
    "404": {"fault": {"kind": "status", "status": 404}},
    "408": {"fault": {"kind": "status", "status": 408}},
    "429": {"fault": {"kind": "status", "status": 429, "retry_after_s": 1}},
    "429-date": {"fault": {"kind": "status", "status": 429, "retry_after_date_s": 2}},
    "429-ms": {"fault": {"kind": "status", "status": 429, "retry_after_ms": 250}},
    "500": {"fault": {"kind": "status", "status": 500}},
    "502": {"fault": {"kind": "status", "status": 502}},
    "503": {"fault": {"kind": "status", "status": 503}},
    "529": {"fault": {"kind": "status", "status": 529}},
    "flaky": {"fault": {"kind": "status", "status": 500, "rate": 0.2}},
    "hang": {"fault": {"kind": "hang"}},
    "hang-stream": {"words": 20, "fault": {"kind": "hang", "after": 3}},
    "cut": {"words": 20, "fault": {"kind": "cut", "after": 3}},
    "cut-headers": {"fault": {"kind": "cut"}},
    "reset": {"words": 20, "fault": {"kind": "reset", "after": 3}},
    "reset-headers": {"fault": {"kind": "reset"}},
    "drip": {"fault": {"kind": "drip"}},
    "malformed-sse": {"words": 20, "fault": {"kind": "malformed_sse"}},
    "malformed-json": {"fault": {"kind": "malformed_json"}},
    "error-event": {"words": 20, "fault": {"kind": "error_event", "after": 3}},
    "error-body": {"fault": {"kind": "error_body"}},
    "empty": {"fault": {"kind": "empty"}},
    "wrong-length": {"fault": {"kind": "wrong_length"}},
    "no-end": {"words": 5, "fault": {"kind": "no_end"}},
}


class UnknownScript(BadScript):
    """A model name that says it is the sandbox's, and names no script of ours."""


def script_of_model(model: str) -> Script | None:
    """The script a model name asks for; None when the name is somebody else's model.

    Raises UnknownScript for `sandbox-nosuch`, BadScript for a bad field.
    """
    name, *settings = model.split(",")
    ours = name.startswith(("sandbox-", "sandbox/"))
    fields = NAMED.get(name[8:] if ours else name)
    if fields is None:
        if ours:
            raise UnknownScript(f"there is no script {name[8:]!r}; there are {', '.join(sorted(NAMED))}")
        return None
    for setting in settings:
        fields = _with(fields, setting)
    return script_from(fields)


def _with(fields: dict[str, Any], setting: str) -> dict[str, Any]:
    path, equals, text = setting.partition("=")
    if not equals:
        raise BadScript(f"{setting!r} in a model name must be FIELD=VALUE")
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = text
    return _put(fields, path.split("."), value)


def _put(fields: dict[str, Any], path: list[str], value: object) -> dict[str, Any]:
    """A copy of `fields` with one value set, however deep."""
    first, *rest = path
    if not rest:
        return {**fields, first: value}
    inner = fields.get(first)
    return {**fields, first: _put(inner if isinstance(inner, dict) else {}, rest, value)}
