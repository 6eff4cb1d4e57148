"""Runs the matrix, a cell at a time. `python -m clients.matrix.run` prints it as the table of docs/dialects.md."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway_world import KEY, Gateway, gateway_running

from clients.matrix.features import FEATURES, Got, must_get, must_hear
from clients.matrix.heard import Heard
from clients.matrix.holes import Kind, hole
from clients.matrix.provider import Provider, provider_running
from clients.matrix.sdks import Ask, sdks
from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.kernel.egress import EgressPolicy

CLIENTS = ("openai_chat", "openai_responses", "anthropic", "gemini", "cohere", "bedrock", "mistral")
UPSTREAMS = ("openai_chat", "openai_responses", "anthropic", "gemini", "cohere", "bedrock")
_KINDS = {
    "openai_chat": ("openrouter", "/v1"),
    "openai_responses": ("openai-responses-compatible", "/v1"),
    "anthropic": ("anthropic", ""),
    "gemini": ("gemini", ""),
    "cohere": ("cohere", ""),
    "bedrock": ("bedrock", ""),
}
_TITLES = {
    "openai_chat": "OpenAI chat",
    "openai_responses": "OpenAI responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "cohere": "Cohere",
    "bedrock": "Bedrock",
    "mistral": "Mistral (SDK)",
}
_MODELS = {"bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0"}
"""On Bedrock the maker decides how thinking is asked for."""


@dataclass
class World:
    gateway: Gateway
    provider: Provider
    asks: dict[str, Ask]

    async def cell(self, client: str, upstream: str, feature: str, stream: bool) -> list[str]:
        """What is wrong with one cell; empty when nothing is, or when it is the hole it is said to be."""
        found = hole(client, upstream, feature, stream)
        kind = found.kind if found is not None else None
        self.provider.heard.clear()
        self.provider.faults.clear()
        try:
            got = await self.asks[client](feature, f"{upstream.replace('_', '-')}/{_MODELS.get(upstream, 'm')}", stream)
        except Exception as error:
            return [] if kind is Kind.UNREAD else [*self.provider.faults, f"the SDK raised {error!r}"]
        if kind is Kind.REFUSED:
            refused = got.error is not None and got.error[0] == 400 and not self.provider.heard
            return [] if refused else [f"a hole that is none: {got}"]
        if kind is Kind.UNREAD or (kind is Kind.AS_IT_CAME and not self.provider.faults):
            return [f"a hole that is none: {got}"]
        problems = [] if kind is Kind.AS_IT_CAME else list(self.provider.faults)
        if len(self.provider.heard) != 1:
            return [*problems, f"heard {len(self.provider.heard)} requests; the caller got {got}"]
        expected = must_hear(feature)
        if kind is Kind.UNSAID:
            expected = replace(expected, stop=())
        problems += _compare_heard(self.provider.heard[0], expected)
        problems += _compare_got(got, must_get(feature), client, upstream, feature, stream)
        return problems


def _compare_heard(found: Heard, expected: Heard) -> list[str]:
    if expected.cap is None:
        found = replace(found, cap=None)
    return [] if found == expected else [f"heard {found}, not {expected}"]


def _compare_got(found: Got, expected: Got, client: str, upstream: str, feature: str, stream: bool) -> list[str]:
    if feature == "stop":
        # Only some dialects tell a stop sequence from an end.
        expected = replace(expected, stop=found.stop if found.stop in ("end", "stop_sequence") else "end")
    if client == "mistral":
        # Its stream takes no wish for usage, and it has no word for OpenAI-like thoughts.
        expected = replace(expected, thought="", usage=expected.usage if not stream else None)
    if upstream == "cohere" and feature == "tools" and client not in ("cohere", "mistral"):
        expected = replace(expected, thought="Ask both.")
    return [] if found == expected else [f"got {found}, not {expected}"]


@asynccontextmanager
async def world_running(directory: Path) -> AsyncIterator[World]:
    async with gateway_running(directory) as gateway, provider_running() as provider:
        port = provider.url.rpartition(":")[2]
        gateway.egress.policy = EgressPolicy(frozenset({f"127.0.0.1:{port}"}))
        gateway.providers[:] = [
            ProviderEntry(dialect.replace("_", "-"), kind, provider.url + path, "sk", allow_private=True)
            for dialect, (kind, path) in _KINDS.items()
        ]
        gateway.publish()
        async with sdks(gateway.url, KEY) as asks:
            yield World(gateway, provider, asks)


async def run() -> dict[tuple[str, str, str, bool], list[str]]:
    with tempfile.TemporaryDirectory() as directory:
        async with world_running(Path(directory)) as world:
            return {
                (client, upstream, feature, stream): await world.cell(client, upstream, feature, stream)
                for client in CLIENTS
                for upstream in UPSTREAMS
                for feature in FEATURES
                for stream in (False, True)
            }


def table(results: dict[tuple[str, str, str, bool], list[str]]) -> str:
    """The matrix in markdown: a table a client, a row a feature; `✓` holds plain and streamed."""
    reasons: dict[str, int] = {}
    lines: list[str] = []
    for client in CLIENTS:
        lines += [f"\n**{_TITLES[client]}** to", "", f"| | {' | '.join(_TITLES[up] for up in UPSTREAMS)} |"]
        lines.append("|---" * (len(UPSTREAMS) + 1) + "|")
        for feature in FEATURES:
            marks = [_mark(results, reasons, client, upstream, feature) for upstream in UPSTREAMS]
            lines.append(f"| {feature.replace('_', ' ')} | {' | '.join(marks)} |")
    lines += ["", *(f"{number}. {reason}." for reason, number in reasons.items())]
    return "\n".join(lines).lstrip("\n")


def _mark(
    results: dict[tuple[str, str, str, bool], list[str]],
    reasons: dict[str, int],
    client: str,
    upstream: str,
    feature: str,
) -> str:
    if any(results[client, upstream, feature, stream] for stream in (False, True)):
        return "✗"
    holes = [hole(client, upstream, feature, stream) for stream in (False, True)]
    for found in holes:
        if found is not None:
            number = reasons.setdefault(found.reason, len(reasons) + 1)
            mark = "–" if all(holes) else "plain only"
            return f"{mark} [{number}]"
    return "✓"


if __name__ == "__main__":
    everything = asyncio.run(run())
    bad = {cell: problems for cell, problems in everything.items() if problems}
    print(table(everything))
    for cell, problems in bad.items():
        print(*cell, *problems, sep="\n    ", file=sys.stderr)
    print(f"{len(everything) - len(bad)} of {len(everything)} cells hold", file=sys.stderr)
    sys.exit(bool(bad))
