"""The client for ordinary code."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from quarterdeck.client import asks, crash, wire
from quarterdeck.client.asks import Ask
from quarterdeck.client.environment import Environment
from quarterdeck.client.errors import LeaseLost, NoAnswer, NotApproved, Stopped, Unreachable
from quarterdeck.client.runs import FAILED, RELEASED, SUCCEEDED, Worked, ending, give_up
from quarterdeck.client.shapes import Attachment, Claim, Heard, Inbox, Item, Question, Task, Version
from quarterdeck.client.wire import PATIENCE_S, Settings

T = TypeVar("T")
ANSWER_POLL_S = 45.0
"""An open question is a sign of life this often: less than the shortest usual lease."""


class Quarterdeck:
    """A server, as one agent.

    `with qd.claim() as run:` gets a task, opens a run on it, points OpenAI's, Anthropic's and Google's clients made
    inside at it, and finishes the run at the end: succeeded, or failed with the reason of the exception.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        http: httpx.Client | None = None,
    ) -> None:
        """Raises ClientError when neither `key` nor QUARTERDECK_KEY is there."""
        self.settings = Settings.of(url, key, patience_s)
        self._http = http or httpx.Client()

    def claim(
        self,
        *,
        wait_s: float | None = None,
        task_id: str | None = None,
        lease_s: int | None = None,
        session: str | None = None,
        environment: bool = True,
    ) -> "Run":
        """The agent's most urgent task, or the one named, and a run on it.

        Waits as long as it takes, or `wait_s` seconds. The run expires after `lease_s` without model traffic or
        progress. `session` is the id by which a client that knows no run names its conversation: its calls are then
        this run's. With `environment`, the run sets the variables of model clients while it is entered.
        Raises NothingToDo; Refused; Unreachable; Taken when another run of this process has set the environment.
        """
        held = Environment() if environment else None
        try:
            claim = self._claimed(wait_s, task_id, lease_s, session)
        except BaseException:
            if held is not None:
                held.release()
            raise
        return Run(self, claim, held)

    def inbox(self, *, after: int = 0, wait_s: float = 0) -> Inbox:
        """What came for this agent. What `after` does not acknowledge comes again."""
        return self.send(asks.inbox(after=after, wait_s=wait_s))

    def messages(self, *, after: int = 0, wait_s: float = asks.MAX_WAIT_S) -> Iterator[Item]:
        """Everything that comes, for ever; each is acknowledged once the next is asked for."""
        while True:
            came = self.inbox(after=after, wait_s=wait_s)
            for item in came.items:
                yield item
                after = item.cursor

    def tasks(self, *, state: str | None = None, limit: int = 50) -> list[Task]:
        """Tasks that are this agent's, or that it may claim."""
        return self.send(asks.tasks(state=state, limit=limit))

    def task(self, task_id: str) -> Task:
        return self.send(asks.task(task_id))

    def question(self, question_id: str, *, wait_s: float = 0) -> Question:
        """A question this agent asked; waits for its answer up to `wait_s` seconds."""
        return self.send(asks.question(question_id, wait_s=wait_s))

    def send(self, ask: Ask[T], *, key: str | None = None) -> T:
        """One request, sent again while the server is away. Raises Refused, LeaseLost or Unreachable."""
        waits = wire.pauses(self.settings.patience_s)
        while True:
            try:
                values = wire.prepared(ask, self.settings, key)
                if isinstance(ask.content, Path):
                    values["content"] = wire.pieces(ask.content)
                response = self._http.send(self._http.build_request(**values))
            except httpx.TransportError as error:
                pause = next(waits, None) if wire.may_repeat(ask, error) else None
                if pause is None:
                    raise wire.unreachable(self.settings, error) from error
            else:
                pause = next(waits, None) if wire.is_away(response) else None
                if pause is None:
                    return wire.answered(ask, response)
            time.sleep(pause)

    def save(self, path: str, to: Path, *, key: str | None = None) -> int:
        """Stream the content at a path of the API into a file; answers its bytes. Raises Refused; Unreachable."""
        values = wire.prepared(Ask("GET", path, lambda _: None, timeout_s=asks.UPLOAD_S), self.settings, key)
        try:
            return self._save(values, to)
        except httpx.TransportError as error:
            raise wire.unreachable(self.settings, error) from error

    def _save(self, values: dict[str, Any], to: Path) -> int:
        with self._http.stream(**values) as response:
            if not response.is_success:
                raise wire.refused(response.status_code, response.read())
            with to.open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)
        return to.stat().st_size

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Quarterdeck":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _claimed(self, wait_s: float | None, task_id: str | None, lease_s: int | None, session: str | None) -> Claim:
        deadline = None if wait_s is None else time.monotonic() + wait_s
        while True:
            left = asks.MAX_WAIT_S if deadline is None else max(0.0, deadline - time.monotonic())
            found = self.send(asks.claim(wait_s=left, task_id=task_id, lease_s=lease_s, session=session))
            if isinstance(found, Claim):
                return found
            give_up(found, deadline)
            time.sleep(min(found.retry_after_s, 1.0))


class Run(Worked):
    """A run this process works on: enter it, or call `finish` or `fail` yourself."""

    def __init__(self, server: Quarterdeck, claim: Claim, environment: Environment | None) -> None:
        super().__init__(claim, server.settings.url, environment)
        self._server = server

    def progress(self, note: str | None = None, percent: int | None = None) -> Heard:
        """Say that you are alive and what you are doing. Raises Stopped when a person wants you to stop."""
        heard = self._send(asks.progress(self.hold, note, percent))
        if heard.stop:
            raise Stopped(heard.reason)
        return heard

    def deliver(
        self,
        name: str,
        content: str | bytes | Path | Mapping[str, Any] | Sequence[Any],
        *,
        kind: str | None = None,
        draft: bool = False,
        note: str | None = None,
        file_name: str | None = None,
    ) -> Version:
        """Hand in text, a JSON value, bytes or a file; under the same name it is the next version.

        `kind` is text, code, json, csv, link, image, pdf or file; guessed from the content when absent.
        """
        return self._send(
            asks.deliver(self.hold, name, content, kind=kind, draft=draft, note=note, file_name=file_name)
        )

    def ask(
        self,
        question: str,
        *,
        options: Sequence[str] = (),
        free_text: bool = True,
        default: str | None = None,
        deadline_s: int | None = None,
        wait_s: float | None = None,
    ) -> str:
        """Ask the person who answers for the task, and wait for the answer, keeping the run alive meanwhile.

        Waits as long as it takes, or `wait_s` seconds. Raises NoAnswer; Stopped; LeaseLost.
        """
        asked = self.ask_later(question, options=options, free_text=free_text, default=default, deadline_s=deadline_s)
        deadline = None if wait_s is None else time.monotonic() + wait_s
        while True:
            left = ANSWER_POLL_S if deadline is None else min(ANSWER_POLL_S, deadline - time.monotonic())
            asked = self._send(asks.question(asked.id, wait_s=max(0.0, left)))
            if asked.answer is not None:
                return asked.answer
            if not asked.open or (deadline is not None and time.monotonic() >= deadline):
                raise NoAnswer(asked.id, asked.state)
            self.progress()

    def ask_later(
        self,
        question: str,
        *,
        options: Sequence[str] = (),
        free_text: bool = True,
        default: str | None = None,
        deadline_s: int | None = None,
    ) -> Question:
        """Ask without waiting. The answer comes to the inbox, and to `Quarterdeck.question`."""
        return self._send(
            asks.ask(self.hold, question, options=options, free_text=free_text, default=default, deadline_s=deadline_s)
        )

    def must_be_approved(self, action: str, payload: Any, *, summary: str = "", wait_s: float | None = None) -> None:
        """Ask a person whether you may do just this, wait for the word, and use it up: do it only if this returns.

        `payload` is all of what you would do, as a JSON value: what is approved is exactly that, once. Raises
        NotApproved; Stopped; LeaseLost."""
        asked = self._send(asks.approval(self.hold, action, payload, summary))
        deadline = None if wait_s is None else time.monotonic() + wait_s
        while asked.state == "pending":
            left = ANSWER_POLL_S if deadline is None else min(ANSWER_POLL_S, deadline - time.monotonic())
            if left <= 0:
                break
            self.progress()
            # At least a second, for less is not waited at all.
            asked = self._send(asks.approval_state(self.hold, asked.id, wait_s=max(1.0, left)))
        if asked.state != "approved":
            raise NotApproved(action, asked.state, asked.comment)
        self._send(asks.use_approval(self.hold, asked.id, payload))

    def delegate(
        self,
        title: str,
        brief: str = "",
        *,
        acceptance: Sequence[str] = (),
        agent_id: str | None = None,
        priority: str = "normal",
        budget_nano: int | None = None,
        waits_for: Sequence[str] = (),
        needed: bool = True,
    ) -> Task:
        """Make a part of the task a task of its own, for any agent, or for `agent_id` where this agent leads.

        With `needed`, the own task waits for it before its next attempt. `budget_nano`, in nano-dollars, is needed
        where the own task has a budget. Raises Refused."""
        return self._send(
            asks.delegate(
                self.hold,
                title,
                brief=brief,
                acceptance=list(acceptance),
                agent_id=agent_id,
                priority=priority,
                budget_nano=budget_nano,
                waits_for=list(waits_for),
                needed=needed,
            )
        )

    def attachments(self) -> list[Attachment]:
        """The files that the task comes with."""
        return self._send(asks.attachments(self.hold))

    def fetch(self, name: str, to: Path, *, version: int | None = None) -> Path:
        """Save an attachment, by id, or with `version` a deliverable: of this task, or of the one that it reviews."""
        self._server.save(asks.file_path(self.hold, name, version=version), to, key=self.run_key)
        return to

    def to_review(self) -> Mapping[str, Any]:
        """The work that this task asks you to review. Raises Refused where it is no review."""
        return self._send(asks.to_review(self.hold))

    def review(self, verdict: str, body: str = "") -> None:
        """Say what you found: `approve`, or `request_changes` with all that has to change. Then finish."""
        self._send(asks.review(self.hold, verdict, body))

    def comment(self, body: str) -> str:
        """Comment on the task in markdown; `@name` tells a member or wakes an agent. Answers the comment's id."""
        return self._send(asks.comment(self.hold, body))

    def finish(self, summary: str | None = None) -> None:
        """The work is done: the task goes on to review. Safe to repeat."""
        self._end(SUCCEEDED, None, summary or self.summary)

    def fail(self, reason: str = crash.AGENT_CRASHED, summary: str | None = None) -> None:
        """Give the task back: it is ready for another attempt."""
        self._end(FAILED, reason, summary)

    def release(self, reason: str | None = None) -> None:
        """Give the task back without having failed at it."""
        self._send(asks.release(self.hold, reason))
        self._over()

    def openai(self, **options: Any) -> Any:
        """An `openai.OpenAI` whose calls belong to this run."""
        return self._model_client("openai", "OpenAI", f"{self.base_url}/v1", options)

    def anthropic(self, **options: Any) -> Any:
        """An `anthropic.Anthropic` whose calls belong to this run."""
        return self._model_client("anthropic", "Anthropic", self.base_url, options)

    def __enter__(self) -> "Run":
        self._set_environment()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            end = ending(self, error)
            if end is not None:
                self._end(*end)
        except (LeaseLost, Unreachable):
            # What ended the block says more than that nobody could be told of it.
            if error is None:
                raise
        finally:
            self._over()

    def _end(self, outcome: str, reason: str | None, summary: str | None) -> None:
        if outcome == RELEASED:
            self._send(asks.release(self.hold, reason))
        else:
            self._send(asks.finish(self.hold, outcome, reason, summary))
        self._over()

    def _send(self, ask: Ask[T]) -> T:
        return self._server.send(ask, key=self.run_key)
