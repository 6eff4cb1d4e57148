"""What is measured. Rounds of all servers alternate, so that a slow minute of the machine falls on each of them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import machine
from targets import KEY, LIMITED_KEY, Control, Target

HERE = Path(__file__).parent
CHUNKS, PACE_MS = 64, 20
SLOW_PACE_MS = 100
SMALL, BIG, PACED, SLOW = "small", "big", "paced", "slow"
FAST, CLAUDE, CLAUDE_FAST = "fast", "claude", "claude-fast"


@dataclass
class Rounds:
    """Figures of one server in one scenario, a value a round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **figures: float) -> None:
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> float:
        return median(self.values[name])

    def total(self, name: str) -> int:
        return int(sum(self.values[name]))

    def spread(self, name: str) -> tuple[float, float, float]:
        """Median, least and most."""
        values = self.values[name]
        return median(values), min(values), max(values)

    def __contains__(self, name: object) -> bool:
        return bool(self.values.get(str(name)))


Results = dict[str, Rounds]


@dataclass(frozen=True)
class Bench:
    """What every scenario needs."""

    targets: list[Target]
    bodies: Path
    load_core: int
    scale: float
    """Stretches or shrinks the time of every round."""

    def load(self, target: Target, mode: str, body: str, seconds: float, *more: object) -> dict[str, Any]:
        """Run the load generator once."""
        process = self.begin(target, mode, body, seconds, *more)
        out, _ = process.communicate(timeout=300)
        return dict(json.loads(out))

    def begin(self, target: Target, mode: str, body: str, seconds: float, *more: object) -> "subprocess.Popen[str]":
        command = [sys.executable, HERE / "load.py", mode, target.url, "--body", self.bodies / f"{body}.json"]
        command += [part for header in target.headers for part in ("--header", header)]
        command += ["--seconds", seconds * self.scale, *more]
        return subprocess.Popen(machine.on_core(self.load_core, *command), stdout=subprocess.PIPE, text=True)

    def rounds(self, count: int) -> Iterator[Target]:
        """Each target once a round, and another one first each time."""
        for number in range(count):
            first = number % len(self.targets)
            yield from self.targets[first:] + self.targets[:first]

    def results(self) -> Results:
        return {target.name: Rounds() for target in self.targets}


def write_bodies(directory: Path) -> None:
    """The requests: about 1 KB, about 300 KB (a long history), streams told apart by a word, and some for Claude."""
    directory.mkdir(parents=True, exist_ok=True)

    def write(name: str, messages: list[dict[str, str]], model: str = "mock/gpt-4o-mini", **more: object) -> None:
        body = {"model": model.removeprefix("mock/"), "messages": messages, **more}
        (directory / f"{name}.json").write_text(json.dumps(body, separators=(",", ":")))

    question = {"role": "user", "content": "Say what is new since yesterday. " * 28}
    write(SMALL, [{"role": "system", "content": "You are terse."}, question], temperature=0.2)
    turns = [
        {"role": "assistant" if turn % 2 else "user", "content": f"Turn {turn}: " + "what was found so far. " * 130}
        for turn in range(99)
    ]
    write(BIG, turns)
    for name in (PACED, SLOW, FAST):
        write(name, [{"role": "user", "content": f"a {name} stream please"}], stream=True)
    claude = "claude/claude-haiku-4-5"
    write(CLAUDE, [{"role": "system", "content": "You are terse."}, question], claude, temperature=0.2)
    write(CLAUDE_FAST, [{"role": "user", "content": f"a {FAST} stream please"}], claude, stream=True)


def mock_script() -> dict[str, Any]:
    """What the mock plays: streams at two paces, and one short answer to everything else."""

    def paced(name: str, pace: float) -> dict[str, Any]:
        script = {"words": CHUNKS, "chunks": CHUNKS, "timing": {"chunk_ms": pace}}
        return {"when": {"contains": f"a {name} stream please"}, "script": script}

    fixed = {"text": "Nothing is new since yesterday, except that the build is green again."}
    return {"rules": [paced(PACED, PACE_MS), paced(SLOW, SLOW_PACE_MS), paced(FAST, 0), {"script": fixed}]}


def small(bench: Bench, rounds: int) -> Results:
    """Small bodies at 16 connections: how many requests a second one core does, and what each costs."""
    results = bench.results()
    for target in bench.targets:
        bench.load(target, "closed", SMALL, 0.5)
    for target in bench.rounds(rounds):
        pids = target.pids()
        before, began = machine.cpu_seconds(pids), time.perf_counter()
        got = bench.load(target, "closed", SMALL, 2.0, "--connections", 16)
        cpu, took = machine.cpu_seconds(pids) - before, got["seconds"]
        results[target.name].add(rps=got["rps"], errors=got["errors"], rss=machine.rss_mib(pids))
        if pids and got["requests"]:
            results[target.name].add(
                cpu_ms=cpu / got["requests"] * 1000, busy=cpu / took, wall=time.perf_counter() - began
            )
    return results


@dataclass(frozen=True)
class Feature:
    """A way to ask the same server."""

    name: str
    body: str
    headers: tuple[str, ...]
    against: str | None = None
    """The row it is compared with."""
    goal: float | None = None
    """At least so much of that row's requests/s."""


def features() -> list[Feature]:
    plain, limited = (f"authorization: Bearer {key}" for key in (KEY, LIMITED_KEY))
    return [
        Feature("pass-through", SMALL, (plain,)),
        Feature("translated to Anthropic", CLAUDE, (plain,), "pass-through", 0.5),
        Feature("stream of 64 chunks", FAST, (plain,)),
        Feature("the same, translated", CLAUDE_FAST, (plain,), "stream of 64 chunks", 0.5),
        Feature(
            "two-level route, budget, limits, cache missed",
            SMALL,
            (limited, "x-portkey-config: two-levels", "x-portkey-cache: simple", "x-portkey-cache-force-refresh: true"),
            "pass-through",
            0.8,
        ),
        Feature("cache hit", SMALL, (plain, "x-portkey-cache: simple"), "pass-through", 2.0),
    ]


def with_features(bench: Bench, target: Target, rounds: int) -> Results:
    """Quarterdeck alone, asked in each way: what a feature costs beside plain pass-through."""
    found = {each.name: Rounds() for each in features()}
    for each in features():
        bench.load(replace(target, headers=list(each.headers)), "closed", each.body, 0.3, "--connections", 4)
    for _ in range(rounds):
        for each in features():
            aimed = replace(target, headers=list(each.headers))
            before = machine.cpu_seconds(target.pids())
            got = bench.load(aimed, "closed", each.body, 1.5, "--connections", 16)
            cpu = machine.cpu_seconds(target.pids()) - before
            found[each.name].add(rps=got["rps"], errors=got["errors"])
            if got["requests"]:
                found[each.name].add(cpu_ms=cpu / got["requests"] * 1000)
    return found


def one_connection(bench: Bench, rounds: int) -> Results:
    """One connection: what a server adds to the latency of a call made directly, in the same round."""
    results = bench.results()
    direct: dict[str, Any] = {}
    for target in _direct_first(bench, rounds):
        got = bench.load(target, "closed", SMALL, 1.5, "--connections", 1)
        if target.name == "direct":
            direct = got
        results[target.name].add(
            p50=got["p50"], p99=got["p99"], added_p50=got["p50"] - direct["p50"], added_p99=got["p99"] - direct["p99"]
        )
    return results


def big(bench: Bench, rounds: int, rate: float = 300.0) -> Results:
    """Bodies of 300 KB at a fixed rate."""
    results = bench.results()
    direct: dict[str, Any] = {}
    for target in bench.targets:
        bench.load(target, "open", BIG, 0.3, "--rate", rate / 3)
    for target in _direct_first(bench, rounds):
        pids = target.pids()
        before = machine.cpu_seconds(pids)
        got = bench.load(target, "open", BIG, 2.5, "--rate", rate)
        cpu = machine.cpu_seconds(pids) - before
        result = results[target.name]
        result.add(rps=got["rps"], errors=got["errors"], rss=machine.rss_mib(pids))
        if not got["requests"]:
            continue
        if target.name == "direct":
            direct = got
        result.add(p50=got["p50"], p99=got["p99"])
        if direct:
            result.add(added_p50=got["p50"] - direct["p50"], added_p99=got["p99"] - direct["p99"])
        if pids:
            result.add(cpu_ms=cpu / got["requests"] * 1000)
    return results


def paced(bench: Bench, rounds: int, events: int, count: int = 250) -> Results:
    """Streams at a pace: whether all are held, and what a relayed chunk costs."""
    results = bench.results()
    for target in bench.rounds(rounds):
        pids = target.pids()
        before = machine.cpu_seconds(pids)
        got = bench.load(target, "streams", PACED, 3.0, "--connections", count, "--events", events)
        cpu = machine.cpu_seconds(pids) - before
        result = results[target.name]
        result.add(held=got["held"], lost=got["lost"], stalled=got["stalled"])
        if got["held"]:
            result.add(gap=got["gap"]["p99"], first=got["first"]["p50"])
        if pids and got["events"]:
            result.add(chunk_us=cpu / got["events"] * 1e6)
    return results


def many_open(bench: Bench, events: int, count: int = 1000) -> Results:
    """A thousand streams open at once, once: the memory they take."""
    results = bench.results()
    for target in bench.targets:
        pids = target.pids()
        before = machine.rss_mib(pids)
        process = bench.begin(target, "streams", SLOW, 0.1, "--connections", count, "--events", events, "--ramp", 2.0)
        most = before
        while process.poll() is None:
            most = max(most, machine.rss_mib(pids))
            time.sleep(0.2)
        got = json.loads(process.stdout.read()) if process.stdout else {}
        results[target.name].add(
            held=got["held"], lost=got["lost"], stalled=got["stalled"], rss_before=before, rss=most
        )
    return results


def ingest(bench: Bench, target: Target, control: Control) -> dict[str, float]:
    """How the ingester keeps up: while the gateway is loaded to the full, and after it."""
    drained(control, 20.0)
    start, began = control.ingested(), time.perf_counter()
    got = bench.load(target, "closed", SMALL, 3.0, "--connections", 16)
    loaded, during = control.ingested(), time.perf_counter() - began
    backlog, began = control.backlog(), time.perf_counter()
    rest = drained(control, 12.0)
    done, after = control.ingested(), time.perf_counter() - began
    return {
        "calls_per_s": got["rps"],
        "under_load_per_s": (loaded - start) / during,
        "backlog": backlog,
        "drain_per_s": (done - loaded) / after if after else 0.0,
        "left": rest,
    }


def drained(control: Control, patience_s: float) -> int:
    """Wait until the journal is ingested, or patience ends; says how many records are left."""
    deadline = time.monotonic() + patience_s
    while (left := control.backlog()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def _direct_first(bench: Bench, rounds: int) -> Iterator[Target]:
    """Direct begins each round, since the others are compared with it."""
    direct, *others = bench.targets
    for number in range(rounds):
        first = number % max(1, len(others))
        yield from [direct, *others[first:], *others[:first]]
