"""How well loops are told from work: healthy agents' logs replayed call by call, then loops mixed into them.

    python bench/loops.py [--corpus DIR] [--half first|second] [--json]

Healthy logs are judged two ways: each as a run of its own, and all in a row as one agent's unclaimed traffic.
A loop counts as caught when it is seen within six repeats: the first time it is done, and six times again.
"""

import argparse
import gzip
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from looping_agents import KINDS, Kind, Message
from quarterdeck.control.signals.loops import Step, Trail
from quarterdeck.control.signals.replaying import BETWEEN_CALLS, CALL_LASTS, steps_of, turn_of_messages

REPEATS = 6
LONGEST_START = 24


def corpus() -> Path:
    repository = Path(__file__).resolve().parents[1]
    return Path(os.environ.get("QUARTERDECK_CORPUS", repository.parent / "shared" / "corpus"))


def logs(directory: Path) -> list[list[Message]]:
    """The healthy logs; none when they are not on this machine."""
    found = []
    for file in sorted((directory / "agent_traces").glob("*.jsonl.gz")):
        with gzip.open(file, "rt") as lines:
            found += [json.loads(line)["traj"] for line in lines]
    return found


def beginning(log: Sequence[Message], rng: random.Random) -> list[Message]:
    """A log up to where its agent is to speak next."""
    places = [at for at, message in enumerate(log) if message["role"] == "assistant" and at <= LONGEST_START]
    return list(log[: rng.choice(places)])


def caught_at(kind: Kind, start: Sequence[Message], rng: random.Random, repeats: int = REPEATS) -> int | None:
    """At which repeat the loop is seen, 0 being the first time round; None: not in time. -1: before it began."""
    trail = Trail()
    now = 0
    for step in steps_of(start):
        if trail.add(step) is not None:
            return -1
        now = step.ended + BETWEEN_CALLS
    history = list(start)
    for repeat in range(repeats + 1):
        for asked, answer in kind(history, repeat, rng):
            step = Step(f"call_{now}", now, now + CALL_LASTS, 1_000_000, turn_of_messages(asked, answer))
            now += CALL_LASTS + BETWEEN_CALLS
            if trail.add(step) is not None:
                return repeat
    return None


def healthy(given: Sequence[Sequence[Message]]) -> dict[str, Any]:
    """False alarms among healthy logs."""
    alarms, calls = 0, 0
    together, alarms_together = Trail(), 0
    now = 0
    cpu = time.process_time()
    for log in given:
        own, seen = Trail(), False
        for step in steps_of(log, start=now):
            calls += 1
            seen |= own.add(step) is not None
            alarms_together += together.add(step) is not None
            now = step.ended + BETWEEN_CALLS
        alarms += seen
    cpu = time.process_time() - cpu
    return {"logs": len(given), "calls": calls, "alarms": alarms, "alarms as one agent": alarms_together, "cpu_s": cpu}


def looping(given: Sequence[Sequence[Message]], seed: int = 7) -> dict[str, dict[str, Any]]:
    """Of each kind of loop, mixed into each log's beginning: how many are caught, and at which repeat."""
    found: dict[str, dict[str, Any]] = {}
    for name, kind in KINDS.items():
        rng = random.Random(f"{seed} {name}")
        at = [caught_at(kind, beginning(log, rng), rng) for log in given]
        caught = [each for each in at if each is not None and each >= 0]
        mean = sum(caught) / len(caught) if caught else 0.0
        found[name] = {"tried": len(at), "caught": len(caught), "mean repeat": mean, "worst": max(caught, default=0)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=corpus())
    parser.add_argument("--half", choices=["first", "second"], help="every other log: tune on one, check the other")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    given = logs(asked.corpus)
    if not given:
        sys.exit(f"no agent logs below {asked.corpus}; name the folder with --corpus")
    if asked.half is not None:
        given = given[asked.half == "second" :: 2]
    calm, loops = healthy(given), looping(given)
    tried, caught = (sum(each[name] for each in loops.values()) for name in ("tried", "caught"))
    if asked.json:
        print(json.dumps({"healthy": calm, "loops": loops, "recall": caught / tried}))
        return
    cost = calm["cpu_s"] / calm["calls"] * 1e6
    together = calm["alarms as one agent"]
    print(f"healthy: {calm['logs']} logs, {calm['calls']} calls: {calm['alarms']} alarms, {together} as one agent's")
    print(f"CPU of features and rules: {cost:.0f} us a call\n")
    print(f"| kind of loop | tried | caught within {REPEATS} repeats | at repeat, mean | worst |")
    print("|---|--:|--:|--:|--:|")
    for name, each in loops.items():
        print(f"| {name} | {each['tried']} | {each['caught']} | {each['mean repeat']:.1f} | {each['worst']} |")
    print(f"\nrecall {caught / tried:.3f} ({caught} of {tried})")


if __name__ == "__main__":
    main()
