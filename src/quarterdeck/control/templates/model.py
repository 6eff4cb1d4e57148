"""A task template: the text of a task with variables, filled each time it is used."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from quarterdeck.control.tasks.model import Criterion, NewTask, Priority, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Invalid

NAME_LENGTH = 100
DESCRIPTION_LENGTH = 10_000
MAX_VARIABLES = 50
VALUE_LENGTH = 10_000
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,39}"
HOLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]{0,199})\s*\}\}")
_DATES = ("date", "time", "datetime", "year", "month", "week", "weekday", "day", "yesterday", "tomorrow")
PAYLOAD = "payload"
BUILT_IN = frozenset((*_DATES, "schedule", "firing", PAYLOAD))


@dataclass(frozen=True, slots=True)
class Variable:
    """A hole to fill. Without a default it has to be given."""

    name: str
    default: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the task will say; texts may hold `{{variables}}`."""

    title: str
    brief: str = ""
    acceptance: tuple[Criterion, ...] = ()
    priority: Priority = Priority.NORMAL
    labels: tuple[str, ...] = ()
    agent_id: str | None = None
    squad_id: str | None = None
    accountable_id: str | None = None
    project_id: str | None = None
    goal_id: str | None = None
    review: str | None = None
    attempt_limit: int = 3
    budget: int | None = None
    due_in_s: int | None = None
    """Due so long after it was made."""
    watchers: tuple[str, ...] = ()
    ready: bool = True
    """It is made ready; else it stands in the backlog."""

    def to_json(self) -> dict[str, Any]:
        return asdict(replace(self, priority=int(self.priority)))  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Draft":
        return cls(
            **{
                **kept,
                "acceptance": tuple(Criterion(**one) for one in kept["acceptance"]),
                "priority": Priority(kept["priority"]),
                "labels": tuple(kept["labels"]),
                "watchers": tuple(kept["watchers"]),
            }
        )

    def holes(self) -> set[str]:
        """The names of all variables in its texts."""
        texts = [self.title, self.brief, *self.labels, *(one.text for one in self.acceptance)]
        return {name for text in texts for name in HOLE.findall(text)}

    def fill(self, values: Mapping[str, Any], now: int) -> NewTask:
        """The task to make. Raises Invalid naming a variable that has no value."""

        def filled(text: str) -> str:
            return HOLE.sub(lambda hole: _value(values, hole[1]), text)

        return NewTask(
            title=filled(self.title),
            brief=filled(self.brief),
            acceptance=tuple(replace(one, text=filled(one.text)) for one in self.acceptance),
            state=TaskState.READY if self.ready else TaskState.BACKLOG,
            priority=self.priority,
            labels=tuple(filled(label) for label in self.labels),
            agent_id=self.agent_id,
            squad_id=self.squad_id,
            accountable_id=self.accountable_id,
            due_at=None if self.due_in_s is None else now + self.due_in_s * SECOND,
            review=None if self.review is None else ReviewPolicy(self.review),
            attempt_limit=self.attempt_limit,
            project_id=self.project_id,
            goal_id=self.goal_id,
            budget=self.budget,
            watchers=self.watchers,
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A row of the templates. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    name: str
    description: str
    draft: Draft
    variables: tuple[Variable, ...]
    created_by: str | None
    created_at: int
    updated_at: int
    version: int


def dates(moment: datetime) -> dict[str, str]:
    """The built-in variables of an instant in its zone: `date` is 2026-11-23, `week` 2026-W48, `weekday` Monday."""
    day = timedelta(days=1)
    return {
        "date": moment.date().isoformat(),
        "time": moment.strftime("%H:%M"),
        "datetime": moment.isoformat(timespec="seconds"),
        "year": f"{moment.year:04d}",
        "month": moment.strftime("%Y-%m"),
        "week": f"{moment.isocalendar().year:04d}-W{moment.isocalendar().week:02d}",
        "weekday": moment.strftime("%A"),
        "day": f"{moment.day}",
        "yesterday": (moment.date() - day).isoformat(),
        "tomorrow": (moment.date() + day).isoformat(),
    }


def values_of(variables: Iterable[Variable], given: Mapping[str, str], built_in: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults, what was given, and the built-in ones. Raises Invalid for one that nobody asked for, or is missing."""
    asked = {one.name: one for one in variables}
    for name, value in given.items():
        if name not in asked:
            raise Invalid(f"There is no variable {name}.", field="variables")
        if len(value) > VALUE_LENGTH:
            raise Invalid(f"{name} may have {VALUE_LENGTH} characters.", field="variables")
    missing = [one.name for one in asked.values() if one.default is None and one.name not in given]
    if missing:
        raise Invalid(f"Give a value for {', '.join(missing)}.", field="variables", missing=missing)
    return {**{one.name: one.default for one in asked.values()}, **given, **built_in}


def checked(draft: Draft, variables: tuple[Variable, ...]) -> None:
    """Raises Invalid when the texts ask for variables that nobody declared, or two have one name."""
    names = [one.name for one in variables]
    if len(names) > MAX_VARIABLES:
        raise Invalid(f"A template has at most {MAX_VARIABLES} variables.", field="variables")
    if len(set(names)) < len(names):
        raise Invalid("Two variables have the same name.", field="variables")
    if taken := BUILT_IN.intersection(names):
        raise Invalid(f"{', '.join(sorted(taken))} is built in; take another name.", field="variables")
    known = BUILT_IN.union(names)
    unknown = sorted(name for name in draft.holes() if name.partition(".")[0] not in known)
    if unknown:
        raise Invalid(f"Declare {', '.join(unknown)} as a variable, or take it out.", field="variables")


def _value(values: Mapping[str, Any], path: str) -> str:
    here: Any = values
    for part in path.split("."):
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            raise Invalid(f"There is no value for {path}.", field="variables", missing=[path])
    if here is None or isinstance(here, str | int | float):
        return "" if here is None else str(here)
    raise Invalid(f"{path} is not a text or a number.", field="variables", missing=[path])
