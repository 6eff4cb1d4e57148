"""What is done about a signal: the policy of its agent, else its project, else the workspace, else the default."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from quarterdeck.control.signals.model import DEFAULT_RESPONSE, MAY_STOP, Finding, Kind, Response
from quarterdeck.control.signals.rules import SILENT_FLOOR, STUCK_FLOOR, Floors
from quarterdeck.control.signals.tables import lessons, policies
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.kernel.events import Event

MOST_FLOOR_S = 30 * 24 * 3600


class PolicyScope(StrEnum):
    AGENT = "agent"
    PROJECT = "project"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Policy:
    """One row. `floor_s`: the least time of stuck and silent, in seconds, for the whole workspace."""

    scope: PolicyScope
    subject_id: str
    kind: Kind
    response: Response
    floor_s: int | None = None


class Policies:
    """Those of one workspace."""

    def __init__(self, rows: Sequence[Policy], taught: set[tuple[str, str]]) -> None:
        self._by = {(each.scope, each.subject_id, each.kind): each for each in rows}
        self._taught = taught

    def response(self, finding: Finding, project_id: str | None) -> Response:
        """What to do when it goes up; OFF when somebody said that this is fine."""
        if (finding.kind.value, lesson_subject(finding)) in self._taught:
            return Response.OFF
        for scope, subject in (
            (PolicyScope.AGENT, finding.agent_id),
            (PolicyScope.PROJECT, project_id),
            (PolicyScope.WORKSPACE, ""),
        ):
            found = self._by.get((scope, subject, finding.kind)) if subject is not None else None
            if found is not None:
                return found.response
        return usual_response(finding.kind)

    @property
    def floors(self) -> Floors:
        return Floors(self._floor(Kind.STUCK, STUCK_FLOOR), self._floor(Kind.SILENT, SILENT_FLOOR))

    def _floor(self, kind: Kind, default: int) -> int:
        found = self._by.get((PolicyScope.WORKSPACE, "", kind))
        return default if found is None or found.floor_s is None else found.floor_s * SECOND


def usual_response(kind: Kind) -> Response:
    """What is done where nobody said what to do."""
    return Response.OBSERVE if kind is Kind.UNCLAIMED else DEFAULT_RESPONSE


def lesson_subject(finding: Finding) -> str:
    """What a lesson is remembered for: the task; without one the agent, or else what the signal is about."""
    return finding.task_id or finding.agent_id or finding.subject


async def policies_of(tx: Transaction, workspace_id: str) -> Policies:
    taught = await tx.rows(
        sa.select(lessons.c.kind, lessons.c.subject_id).where(lessons.c.workspace_id == workspace_id)
    )
    return Policies(await rows(tx, workspace_id), {(row["kind"], row["subject_id"]) for row in taught})


async def rows(tx: Transaction, workspace_id: str) -> list[Policy]:
    """Where somebody said what to do, in the order of scope and kind."""
    found = await tx.rows(
        sa.select(policies)
        .where(policies.c.workspace_id == workspace_id)
        .order_by(policies.c.scope, policies.c.subject_id, policies.c.kind)
    )
    return [
        Policy(
            PolicyScope(row["scope"]), row["subject_id"], Kind(row["kind"]), Response(row["response"]), row["floor_s"]
        )
        for row in found
    ]


async def put(tx: Transaction, workspace_id: str, policy: Policy, *, actor: str | None = None) -> None:
    """Say what to do about a kind of signal; tells `signal.policy_set`. Raises Invalid."""
    if policy.response in (Response.PAUSE, Response.KILL) and policy.kind not in MAY_STOP:
        kinds = ", ".join(sorted(MAY_STOP))
        raise Invalid(f"Only signals about one run's own doing may stop it: {kinds}.", field="response")
    if policy.scope is PolicyScope.WORKSPACE and policy.subject_id:
        raise Invalid(
            "The workspace's rule is for all; leave subject_id out, or name another scope.", field="subject_id"
        )
    if policy.floor_s is not None and policy.scope is not PolicyScope.WORKSPACE:
        raise Invalid("floor_s is set for the whole workspace.", field="floor_s")
    if policy.floor_s is not None and policy.kind not in (Kind.STUCK, Kind.SILENT):
        raise Invalid("Only stuck and silent have a least time.", field="floor_s")
    await _delete(tx, workspace_id, policy.scope, policy.subject_id, policy.kind)
    await tx.execute(
        policies.insert().values(
            workspace_id=workspace_id,
            scope=policy.scope.value,
            subject_id=policy.subject_id,
            kind=policy.kind.value,
            response=policy.response.value,
            floor_s=policy.floor_s,
            set_by=actor,
            at=tx.now,
        )
    )
    data = {"scope": policy.scope.value, "kind": policy.kind.value, "response": policy.response.value}
    await tx.emit(Event(workspace_id, "signal.policy_set", policy.subject_id or workspace_id, data, actor))


async def take_back(
    tx: Transaction, workspace_id: str, scope: PolicyScope, subject_id: str, kind: Kind, *, actor: str | None = None
) -> None:
    """What the next wider scope says holds again; tells `signal.policy_removed`. Raises NotFound if nobody said so."""
    if not await _delete(tx, workspace_id, scope, subject_id, kind):
        whom = f"{scope.value} {subject_id!r}" if subject_id else scope.value
        raise NotFound(
            f"Nobody said what is done about {kind.value} for the {whom}; it goes by the wider rule already."
        )
    data = {"scope": scope.value, "kind": kind.value}
    await tx.emit(Event(workspace_id, "signal.policy_removed", subject_id or workspace_id, data, actor))


async def teach(tx: Transaction, workspace_id: str, kind: Kind, subject_id: str, *, actor: str | None) -> None:
    """This is fine: no signal of this kind about this subject from now on."""
    here = (lessons.c.workspace_id == workspace_id, lessons.c.kind == kind.value, lessons.c.subject_id == subject_id)
    await tx.execute(lessons.delete().where(*here))
    values = {"workspace_id": workspace_id, "kind": kind.value, "subject_id": subject_id}
    await tx.execute(lessons.insert().values(**values, taught_by=actor, at=tx.now))


async def forget(tx: Transaction, workspace_id: str, kind: Kind, subject_id: str) -> bool:
    """Take a lesson back; whether there was one."""
    here = (lessons.c.workspace_id == workspace_id, lessons.c.kind == kind.value, lessons.c.subject_id == subject_id)
    return await tx.changed(lessons.delete().where(*here))


async def _delete(tx: Transaction, workspace_id: str, scope: PolicyScope, subject_id: str, kind: Kind) -> bool:
    return await tx.changed(
        policies.delete().where(
            policies.c.workspace_id == workspace_id,
            policies.c.scope == scope.value,
            policies.c.subject_id == subject_id,
            policies.c.kind == kind.value,
        )
    )
