"""One demo agent: a program of its own that knows nothing but an address and a key.

It claims a task, works at it through model calls on the run's key, reports, asks, hands in and finishes; for ever. Some
attempts go wrong, as the story wants it, and nothing in this program helps to notice.
"""

import argparse
import os
import random
import sys
import time
from typing import Any

from quarterdeck.cli.demo.models import Models, Refused
from quarterdeck.cli.demo.team import JOBS, Beat, Job, Member, member_named
from quarterdeck.client import ClientError, LeaseLost, NothingToDo, Quarterdeck, Run, Stopped

THINK_S = 45.0
"""How long an agent is busy with its tools between two calls, before the speed factor."""
ENDLESS = 2_000
"""Calls of an attempt that goes wrong, if nobody stops it: more than anybody watches."""
QUESTION_S = 1_800.0
"""How long its question waits before the default holds; never less than a minute, for people to answer."""
RESULT = "No new entries since 1 January 2026. 3 results: [1] Official Journal, [2] Customs notice, [3] Press release."


class DemoAgent:
    """Claims and works until the process is ended."""

    def __init__(self, member: Member, url: str, key: str, speed: float) -> None:
        self._member = member
        self._speed = speed
        self._deck = Quarterdeck(url, key)
        self._random = random.Random(member.name)  # noqa: S311 - variety, not secrecy

    def run(self) -> None:
        while True:
            try:
                with self._deck.claim(wait_s=60, environment=False) as run:
                    self._work(run)
            except NothingToDo:
                continue
            except (LeaseLost, Stopped) as over:
                # Taken away by a person, or its agent retired: what a well-behaved agent does is ask for other work.
                self._note(f"{over}")
            except (ClientError, Refused, OSError) as error:
                self._note(f"{error}")
                time.sleep(1.0)

    def _work(self, run: Run) -> None:
        job = JOBS.get(run.task.title) or Job(self._member.name, "normal", run.task.title, "", "result")
        models = Models(self._member, run.base_url, run.run_key)
        try:
            # A second attempt knows from the note what became of the first, and does better.
            beat = job.first if run.claim.attempt == 1 else Beat.WORKS
            if beat is Beat.LOOPS:
                self._loop(run, models)
            elif beat is Beat.STALLS:
                self._stall(run, models, job)
            else:
                self._do(run, models, job)
        finally:
            models.close()

    def _do(self, run: Run, models: Models, job: Job) -> None:
        """Turn by turn to a result, with a draft on the way."""
        turns = self._opening(run)
        for number in range(1, self._member.turns + 1):
            text = f"{self._member.says} (step {number})"
            self._turn(run, models, turns, text)
            self._report(run, f"step {number} of {self._member.turns}", 100 * number // (self._member.turns + 1))
            if number == 1 and job.asks is not None:
                turns.append({"role": "user", "content": self._ask(run, job.asks)})
            if number < self._member.turns:
                run.deliver(job.hands_in, self._text(run, number), draft=True)
            self._think()
        run.deliver(job.hands_in, self._text(run, self._member.turns))
        run.finish(f"{self._member.says} It is handed in as “{job.hands_in}”.")

    def _loop(self, run: Run, models: Models) -> None:
        """Two good turns; then the same search with the same result, until somebody stops it."""
        turns = self._opening(run)
        for number in (1, 2):
            self._turn(run, models, turns, f"{self._member.says} (step {number})")
            self._think()
        for number in range(ENDLESS):
            call = {"id": f"call_{number}", "name": "search", "arguments": {"query": "EU tariff changes 2026"}}
            asked = {"tools": [{"name": call["name"], "arguments": call["arguments"]}]}
            self._call(run, models, turns, asked)
            function = {"name": "search", "arguments": '{"query": "EU tariff changes 2026"}'}
            turns.append(
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": call["id"], "type": "function", "function": function}],
                }
            )
            turns.append({"role": "tool", "tool_call_id": call["id"], "content": RESULT})
            self._think()
        run.fail("loop", "The search brought nothing new.")

    def _stall(self, run: Run, models: Models, job: Job) -> None:
        """Two drafts; then it keeps calling, each time about something else, and produces nothing."""
        turns = self._opening(run)
        for number in (1, 2):
            self._turn(run, models, turns, f"{self._member.says} (section {number})")
            run.deliver(job.hands_in, self._text(run, number), draft=True)
            self._report(run, f"section {number} drafted", 20 * number)
            self._think()
        for number in range(ENDLESS):
            # The conversation is begun anew each time: a long think about structure that leads nowhere.
            self._turn(run, models, [*turns], " ".join(self._random.choices(_MUSINGS, k=40)))
            if number % 10 == 0:
                self._report(run, "considering the structure", 40)
            self._think()
        run.fail("no_progress", "Could not settle on a structure.")

    def _opening(self, run: Run) -> list[dict[str, Any]]:
        task, said = run.task, []
        said.append(f"Task: {task.title}\n\n{task.brief}")
        if run.claim.review:
            said.append(f"A reviewer wants this changed:\n{run.claim.review}")
        if task.note:
            said.append(f"From the last attempt: {task.note}")
        return [{"role": "user", "content": "\n\n".join(said)}]

    def _turn(self, run: Run, models: Models, turns: list[dict[str, Any]], text: str) -> None:
        self._call(run, models, turns, {"text": text})
        turns += [{"role": "assistant", "content": text}, {"role": "user", "content": "Go on with the next step."}]

    def _call(self, run: Run, models: Models, turns: list[dict[str, Any]], answer: dict[str, Any]) -> None:
        """One model call. Paused, it waits with what it has; ended, its next word to the server raises LeaseLost."""
        while True:
            try:
                models.say(turns, answer)
                return
            except Refused as refused:
                if refused.status_code < 500 and not refused.paused:
                    run.progress()
                    raise
                self._note(f"waits: {refused}")
            except OSError as error:
                self._note(f"waits: {error}")
            self._wait(run)

    def _wait(self, run: Run) -> None:
        """A sign of life while nothing can be done. Raises LeaseLost once the run is over."""
        time.sleep(max(0.5, THINK_S / self._speed))
        try:
            run.progress()
        except Stopped as stopped:
            self._note(f"{stopped}")

    def _report(self, run: Run, note: str, percent: int) -> None:
        try:
            run.progress(note, percent)
        except Stopped:
            # Its next call is refused as long as the pause lasts, and waits there.
            self._note("paused")

    def _ask(self, run: Run, question: str) -> str:
        deadline_s = int(max(60.0, QUESTION_S / self._speed))
        options = ["the team", "the whole company"]
        return run.ask(question, options=options, default=options[0], deadline_s=deadline_s)

    def _text(self, run: Run, sections: int) -> str:
        body = "\n\n".join(
            f"## Section {number}\n\n{self._member.says} Attempt {run.claim.attempt}, part {number}."
            for number in range(1, sections + 1)
        )
        return f"# {run.task.title}\n\n{body}\n"

    def _think(self) -> None:
        time.sleep(THINK_S * self._random.uniform(0.5, 1.5) / self._speed)

    def _note(self, text: str) -> None:
        print(f"{self._member.name}: {text}", file=sys.stderr)


_MUSINGS = (
    "perhaps", "the", "outlook", "should", "come", "first", "or", "market", "size", "before", "movers", "unless",
    "readers", "prefer", "a", "summary", "then", "again", "sections", "might", "be", "merged", "with", "figures",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--url", required=True)
    parser.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args()
    DemoAgent(member_named(given.name), given.url, os.environ["QUARTERDECK_KEY"], given.speed).run()


if __name__ == "__main__":
    main()
