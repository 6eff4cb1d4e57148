"""Names and e-mails of a document, and whom they mean here."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from quarterdeck.access import members
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.goals import store as goals
from quarterdeck.control.projects import store as projects
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid, NotFound

_AGENT_FIRST = re.compile(r"agent:(.+?)\+((?:none|one|member:.*|role:.*|n:.*|of:.*))", re.S)


class Warned(Protocol):
    """Where it is said who is not here."""

    def warn(self, words: str) -> None: ...


class Who:
    """Names and e-mails of a document, looked up here; each once."""

    def __init__(self, tx: Transaction, workspace_id: str, report: Warned) -> None:
        self._tx = tx
        self._workspace_id = workspace_id
        self._report = report
        self._agents: dict[str, str | None] = {}
        self._projects: dict[str, str] = {}
        self._goals: dict[str, str] = {}
        self._squads: dict[str, str | None] = {}
        self._members: dict[str, str | None] = {}

    def warn(self, words: str) -> None:
        self._report.warn(words)

    async def agent(self, name: str | None) -> str | None:
        if not name:
            return None
        if name not in self._agents:
            found = await agents.by_name(self._tx, self._workspace_id, name)
            self._agents[name] = None if found is None else found.id
        if self._agents[name] is None:
            self._report.warn(f"There is no agent {name} here; its tasks are for any agent.")
        return self._agents[name]

    async def squad(self, name: str | None) -> str | None:
        if not name:
            return None
        if name not in self._squads:
            self._squads[name] = await squads.by_name(self._tx, self._workspace_id, name)
        if self._squads[name] is None:
            self._report.warn(f"There is no squad {name} here; its tasks are for any agent.")
        return self._squads[name]

    async def project(self, name: str | None) -> str | None:
        """Raises Invalid for one that is not here: the document says which there are."""
        if name is None:
            return None
        if name not in self._projects:
            project = await projects.by_name(self._tx, self._workspace_id, name)
            if project is None:
                raise Invalid(f"there is no project {name}, here or in the document", field="project")
            self._projects[name] = project.id
        return self._projects[name]

    async def goal(self, name: str | None) -> str | None:
        """Raises Invalid for one that is not here."""
        if name is None:
            return None
        if name not in self._goals:
            goal = await goals.by_name(self._tx, self._workspace_id, name)
            if goal is None:
                raise Invalid(f"there is no goal {name}, here or in the document", field="goal")
            self._goals[name] = goal.id
        return self._goals[name]

    async def member(self, email: str | None, does: str) -> str | None:
        if not email:
            return None
        if email not in self._members:
            found: Any = None
            if "@" in email:
                found = await members.by_email(self._tx, self._workspace_id, email)
            elif email.startswith("mem_"):  # a document that somebody wrote for this workspace
                with suppress(NotFound):
                    found = await members.get(self._tx, self._workspace_id, email)
            self._members[email] = None if found is None else found.id
        if self._members[email] is None:
            self._report.warn(f"There is no member {email} here who {does} tasks.")
        return self._members[email]

    async def review(self, policy: str) -> ReviewPolicy:
        """With ids again; who is not here is left out, and one person looks where nobody is left. Raises Invalid."""
        found = _AGENT_FIRST.fullmatch(policy)
        agent_id, persons = None, policy
        if found is not None:
            persons = found[2]
            agent = await agents.by_name(self._tx, self._workspace_id, found[1])
            agent = agent or await agents.find(self._tx, self._workspace_id, found[1])
            if agent is None or agent.desired is Desired.RETIRED:
                self._report.warn(f"There is no agent {found[1]} here that could look first; people review at once.")
            else:
                agent_id = agent.id
        kind, _, rest = persons.partition(":")
        if kind in ("member", "of"):
            count, _, emails = rest.partition(":") if kind == "of" else ("1", "", rest)
            ids = [await self.member(email, "reviews") for email in emails.split(",")]
            persons = of_people(kind, count, [each for each in ids if each is not None])
        return ReviewPolicy(persons if agent_id is None else f"agent:{agent_id}+{persons}")


def of_people(kind: str, count: str, named: Sequence[str]) -> str:
    """A policy's part about people, of kind member or of: as many of those it names as there are; one person where
    there is none."""
    if not named:
        return ReviewPolicy.ONE.value
    if kind == "member":
        return f"member:{named[0]}"
    needed = min(int(count), len(named)) if count.isdecimal() and len(count) < 4 else count
    return f"of:{needed}:{','.join(named)}"
