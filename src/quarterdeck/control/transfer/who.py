"""Names and e-mails of a document, and whom they mean here."""

from typing import Any, Protocol

from quarterdeck.access import members
from quarterdeck.control.agents import store as agents
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction


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

    async def member(self, email: str | None, does: str) -> str | None:
        if not email:
            return None
        if email not in self._members:
            found: Any = None
            if "@" in email:
                found = await members.by_email(self._tx, self._workspace_id, email)
            self._members[email] = None if found is None else found.id
        if self._members[email] is None:
            self._report.warn(f"There is no member {email} here who {does} tasks.")
        return self._members[email]

    async def review(self, policy: str) -> ReviewPolicy | None:
        if not policy.startswith("member:"):
            return ReviewPolicy(policy)
        member_id = await self.member(policy.removeprefix("member:"), "reviews")
        return None if member_id is None else ReviewPolicy(f"member:{member_id}")
