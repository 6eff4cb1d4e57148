"""Disk used by 10,000 calls of 100-turn conversations, against the size of the conversations themselves.

Every call resends its whole history, as agents do, so what is sent grows with the square of a conversation. Quarterdeck
runs as a user runs it, against the sandbox; the disk is measured when all calls are in the database and it has stopped.
"""

import argparse
import http.client
import json
import random
import shutil
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import machine
import targets
from targets import Target

SYSTEM = "You are a careful research agent. " * 60
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Use it to {name.replace('_', ' ')} whenever that is needed. " * 4,
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
        },
    }
    for name in ("search_the_web", "read_a_file", "write_a_file", "run_a_query", "ask_a_person")
]
ANSWER_WORDS = 150
QUESTION_WORDS = 60


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation that was held."""

    calls: int
    sent: int
    """Bytes of all requests and answers together."""
    itself: int
    """Bytes of its last request and answer: all that was ever said, once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--out", type=Path, help="write the table here, as markdown")
    given = parser.parse_args()
    machine.end_well()
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    core, other = machine.cores()
    mock, port = targets.start_mock(other)
    try:
        script = json.dumps({"words": ANSWER_WORDS}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{port}/sandbox/script", script).close()
        target = targets.quarterdeck(port, core, other, directory / "quarterdeck")
        try:
            began = time.monotonic()
            with ThreadPoolExecutor(4) as pool:
                talks = list(pool.map(lambda seed: hold(target, seed, given.turns), range(given.conversations)))
            print(f"Sent in {time.monotonic() - began:.0f} s; waiting for the ingester …", file=sys.stderr)
            wait_for_ingest(target)
        finally:
            target.stop()
        text = table(talks, directory / "quarterdeck" / "data")
    finally:
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)
    print(text)
    if given.out:
        given.out.write_text(text)


def hold(target: Target, seed: int, turns: int) -> Talk:
    """Hold one conversation to its end, on one connection."""
    draw = random.Random(seed)
    messages = [{"role": "system", "content": SYSTEM}]
    connection = http.client.HTTPConnection("127.0.0.1", int(target.url.split(":")[2].split("/")[0]), timeout=60)
    headers = {"content-type": "application/json"} | dict(line.split(": ", 1) for line in target.headers)
    sent = last = 0
    for turn in range(turns):
        messages.append({"role": "user", "content": f"{seed}.{turn}: {_words(draw, QUESTION_WORDS)}"})
        body = json.dumps({"model": "gpt-4o-mini", "tools": TOOLS, "messages": messages})
        connection.request("POST", targets.PATH, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a call answered {answer.status}: {data[:300]!r}")
        messages.append(json.loads(data)["choices"][0]["message"])
        last = len(body) + len(data)
        sent += last
    connection.close()
    return Talk(turns, sent, last)


def wait_for_ingest(target: Target) -> None:
    assert target.control is not None
    patience_s, least, deadline = 60, sys.maxsize, 0.0
    while left := target.control.get("/api/v1/settings")["ingest"]["backlog_bytes"]:
        if left < least:
            least, deadline = left, time.monotonic() + patience_s
        elif time.monotonic() > deadline:
            raise RuntimeError(f"the ingester has stood still for {patience_s} s with {left:,} bytes to go")
        time.sleep(0.5)


def table(talks: list[Talk], data: Path) -> str:
    itself, sent = sum(talk.itself for talk in talks), sum(talk.sent for talk in talks)
    calls = sum(talk.calls for talk in talks)
    places: dict[str, int] = {}
    for file in data.rglob("*"):
        if file.is_file():
            top = file.relative_to(data).parts[0].split("-")[0]
            places[top] = places.get(top, 0) + file.stat().st_blocks * 512
    passing = places.pop("journal", 0)
    disk = sum(places.values())
    rows = [
        ("calls", f"{calls:,}", f"{len(talks)} conversations of {talks[0].calls} turns"),
        ("sent and answered", _mb(sent), f"{sent / itself:.0f} times the conversations"),
        ("the conversations themselves", _mb(itself), "last request and answer of each"),
        (
            "kept on disk",
            _mb(disk),
            f"**{disk / itself:.2f} times the conversations**; {disk / calls:,.0f} bytes a call",
        ),
    ]
    rows += [
        (f"of it {name}", _mb(size), "")
        for name, size in sorted(places.items(), key=lambda each: -each[1])
        if size > disk / 1000
    ]
    rows.append(("journal, besides", _mb(passing), "the segment being written: deleted when it is full or minutes old"))
    lines = [f"| {' | '.join(row)} |" for row in (("what", "how much", ""), ("---", "---", "---"), *rows)]
    return "### Storage\n\n" + "\n".join(lines) + "\n"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _words(draw: random.Random, count: int) -> str:
    return " ".join(f"{draw.choice(_HEADS)}{draw.choice(_MIDDLES)}{draw.choice(_TAILS)}" for _ in range(count))


_HEADS = ["re", "con", "de", "pro", "in", "ex", "per", "sub", "trans", "over", "under", "out"]
_MIDDLES = ["port", "form", "duc", "spect", "tend", "vert", "mit", "fer", "pos", "cept", "scrib", "struct", "tract"]
_TAILS = ["ing", "ed", "ion", "able", "ive", "er", "s", "ment", "al", "or", "ance", "ory"]


if __name__ == "__main__":
    main()
