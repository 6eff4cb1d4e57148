"""/agents: the registry. Keys are made under /agents/{id}/keys, by their own slice."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from quarterdeck.access.actors import ActorKind
from quarterdeck.control.agent_templates import actions as templates
from quarterdeck.control.agent_templates.actions import AgentTemplate
from quarterdeck.control.agents import actions, cards, profiles, store, urgent
from quarterdeck.control.agents.model import (
    DESCRIPTION_LENGTH,
    MAX_CAPACITY,
    NAME_LENGTH,
    Agent,
    AgentChange,
    Desired,
)
from quarterdeck.control.agents.profiles import MAX_WORDS, WORD_LENGTH, ProfileChange
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Gate, IfMatch, Limit, NamePart, Operator, Reader
from quarterdeck.control.routes import actions as routes
from quarterdeck.control.runs.model import RunState
from quarterdeck.control.runs.views import CapOut
from quarterdeck.control.shapes import Instant, Named, RequestBody, TaskNamed, written
from quarterdeck.control.status.model import State
from quarterdeck.control.status.views import StatusOut
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid

router = APIRouter(tags=["agents"])
MAX_NAMES = 5_000
Retired = Annotated[bool, Query(description="false: only those that are not retired.")]
BodyMode = Literal["full", "redacted", "none"]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=WORD_LENGTH)]], Field(max_length=MAX_WORDS)]


class OpenRunOut(BaseModel):
    """A run in progress, as its agent's row shows it."""

    id: str
    task_id: str
    task_title: str
    started_at: Instant | None


class TodayOut(BaseModel):
    """Since midnight UTC. Calls without a price are not in `cost_nano`."""

    calls: int
    errors: int
    cost_nano: int
    unpriced_calls: int


class LastCallOut(BaseModel):
    at: Instant
    model: str | None
    outcome: str


class ConnectionOut(BaseModel):
    """A door by which an agent reaches us, and when it last did."""

    via: Literal["gateway", "api", "mcp", "a2a"]
    last_at: Instant


class AgentOut(BaseModel):
    id: str
    name: str
    description: str
    owner: Named
    desired: Desired
    capacity: int
    body_mode: str | None
    route: str | None = None
    """The saved route its calls take when neither they nor their key name one."""
    declared: bool
    created_at: Instant
    last_call_at: Instant | None
    version: int
    open_runs: list[OpenRunOut]
    today: TodayOut
    last_call: LastCallOut | None
    skills: list[str]
    labels: list[str]
    reports_to: Named | None
    """The agent that it reports to."""
    instructions: int | None
    """The version of its instructions that holds; null: there is none."""
    connections: list[ConnectionOut]
    """How it reaches us, latest first; empty: it never did."""
    last_seen_at: Instant | None
    status: StatusOut
    """Computed: what is shown of it now."""


class AgentNameOut(BaseModel):
    id: str
    name: str
    desired: Desired


class AgentNamesOut(BaseModel):
    items: list[AgentNameOut]
    present: int
    """How many there are that are not retired."""


class AgentsOut(BaseModel):
    items: list[AgentOut]
    next: str | None
    present: int
    """All agents that are not retired, whatever this page shows."""
    retired: int
    """All that are."""


class UrgentRunOut(BaseModel):
    """An open run of an agent that is shown, as its row shows it."""

    id: str
    agent_id: str
    state: RunState
    task: TaskNamed
    cost_nano: int
    unpriced_calls: int
    cap: CapOut | None


class StandOut(BaseModel):
    """So many agents are in one state and wait for the same."""

    state: State
    waits_for: Named | None
    count: int


class SpentTodayOut(BaseModel):
    """Since midnight UTC. Calls without a price are not in `cost_nano`."""

    cost_nano: int
    unpriced_calls: int


class UrgentAgentsOut(BaseModel):
    items: list[AgentOut]
    """What is wrong first, then what waits for somebody, then work, then rest; of the same, by name."""
    runs: list[UrgentRunOut]
    """Their open runs."""
    present: int
    """All agents that are not retired."""
    stands: list[StandOut]
    """How all of them stand, whatever `items` shows."""
    today: SpentTodayOut


class AgentIn(RequestBody):
    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    description: str = Field("", max_length=DESCRIPTION_LENGTH)
    owner_id: str | None = Field(None, description="A member; yourself when absent.")
    capacity: int = Field(1, ge=1, le=MAX_CAPACITY, description="How many runs it may have open at once.")
    body_mode: BodyMode | None = Field(None, description="null: as the workspace says.")
    skills: Words = []
    labels: Words = []
    reports_to_id: str | None = Field(None, description="An agent.")
    template_id: str | None = Field(None, description="An agent template: what you do not say comes from it.")

    def to_profile(self) -> ProfileChange:
        return ProfileChange(tuple(self.skills), tuple(self.labels), self.reports_to_id)


class AgentPatch(RequestBody):
    name: str | None = Field(None, min_length=1, max_length=NAME_LENGTH)
    description: str | None = Field(None, max_length=DESCRIPTION_LENGTH)
    owner_id: str | None = None
    desired: Desired | None = None
    capacity: int | None = Field(None, ge=1, le=MAX_CAPACITY)
    body_mode: BodyMode | None = Field(None, description="null: as the workspace says.")
    route: str | None = Field(None, max_length=100, description="A saved route; null takes it away.")
    skills: Words | None = None
    labels: Words | None = None
    reports_to_id: str | None = Field(None, description="null: nobody.")

    def to_profile(self) -> ProfileChange:
        return ProfileChange(
            skills=None if self.skills is None else tuple(self.skills),
            labels=None if self.labels is None else tuple(self.labels),
            reports_to_id=self.reports_to_id,
            reports_to_nobody=self.takes_away("reports_to_id"),
        )

    def to_change(self) -> AgentChange:
        return AgentChange(
            name=self.name,
            description=self.description,
            owner_id=self.owner_id,
            desired=self.desired,
            capacity=self.capacity,
            body_mode=self.body_mode,
            inherit_body_mode=self.takes_away("body_mode"),
            route=self.route,
            no_route=self.takes_away("route"),
        )


@router.get("/agents", operation_id="list_agents", response_model=AgentsOut)
async def list_agents(
    *,
    actor: Reader,
    db: Db,
    q: NamePart = None,
    desired: Annotated[Desired | None, Query()] = None,
    retired: Retired = True,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """The agents of this workspace by name, with what each works on and did today."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, q=q, desired=desired, retired=retired, limit=limit, after=after)
        answer = {
            "items": await cards.of_agents(tx, actor.workspace_id, page.items),
            "next": page.next,
            "present": await store.count(tx, actor.workspace_id),
            "retired": await store.count(tx, actor.workspace_id, retired=True),
        }
        return written(answer)


@router.get("/agents/names", operation_id="list_agent_names", response_model=AgentNamesOut)
async def list_agent_names(
    *,
    actor: Reader,
    db: Db,
    q: NamePart = None,
    retired: Retired = True,
    limit: Annotated[int, Query(ge=1, le=MAX_NAMES)] = MAX_NAMES,
) -> Response:
    """What agents are called, and nothing else of them, by name: for whoever chooses among many."""
    async with db.read() as tx:
        items = await store.called(tx, actor.workspace_id, limit, q=q, retired=retired)
        return written({"items": items, "present": await store.count(tx, actor.workspace_id)})


@router.get("/agents/urgent", operation_id="list_urgent_agents", response_model=UrgentAgentsOut)
async def list_urgent_agents(actor: Reader, db: Db, limit: Limit = DEFAULT_LIMIT) -> Response:
    """The agents that need somebody first, and how all that are not retired stand."""
    async with db.read() as tx:
        found = await urgent.look(tx, actor.workspace_id, limit)
    stands = [
        {
            "state": each.state,
            "waits_for": None if each.waits_for is None else {"id": each.waits_for[0], "name": each.waits_for[1]},
            "count": each.count,
        }
        for each in found.stands
    ]
    today = {"cost_nano": found.cost, "unpriced_calls": found.unpriced_calls}
    answer = {"items": found.items, "runs": found.runs, "present": found.present, "stands": stands, "today": today}
    return written(answer)


@router.post("/agents", status_code=201, operation_id="create_agent")
async def create_agent(body: AgentIn, actor: Operator, db: Db) -> AgentOut:
    """Register an agent. Give it a key with POST /agents/{id}/keys."""
    if body.owner_id is None and actor.kind is not ActorKind.MEMBER:
        raise Invalid("owner_id must name the member who owns the agent.", field="owner_id")
    async with db.transaction() as tx:
        if body.template_id is not None:
            template = await templates.get(tx, actor.workspace_id, body.template_id)
            body = _from_template(body, template)
        agent = await actions.create(
            tx,
            actor.workspace_id,
            name=body.name,
            owner_id=body.owner_id or actor.id,
            description=body.description,
            capacity=body.capacity,
            body_mode=body.body_mode,
            actor=actor.id,
        )
        await profiles.change(tx, actor.workspace_id, agent.id, body.to_profile(), actor=actor.id)
        if body.template_id is not None and template.instructions:
            text, note = template.instructions, f"From the template {template.name}"
            await profiles.instruct(tx, actor.workspace_id, agent.id, text, note=note, actor=actor.id)
        agent = await actions.get(tx, actor.workspace_id, agent.id)
        return await _shown(tx, agent)


@router.get("/agents/{agent_id}", operation_id="get_agent")
async def get_agent(agent_id: str, actor: Reader, db: Db) -> AgentOut:
    """One agent."""
    async with db.read() as tx:
        agent = await actions.get(tx, actor.workspace_id, agent_id)
        return await _shown(tx, agent)


@router.patch("/agents/{agent_id}", operation_id="change_agent")
async def change_agent(
    *, agent_id: str, body: AgentPatch, actor: Operator, db: Db, gate: Gate, version: IfMatch
) -> AgentOut:
    """Change an agent. `desired: "paused"` refuses its next model call: when this answers, every gateway does so."""
    async with db.transaction() as tx:
        if body.route is not None:
            await routes.must_exist(tx, actor.workspace_id, body.route)
        agent = await actions.change(
            tx, actor.workspace_id, agent_id, body.to_change(), version=version, actor=actor.id
        )
        if not body.to_profile().empty:
            await profiles.change(tx, actor.workspace_id, agent_id, body.to_profile(), actor=actor.id)
            agent = await actions.get(tx, actor.workspace_id, agent_id)
        answer = await _shown(tx, agent)
    if body.desired is not None or "route" in body.model_fields_set:
        await gate.ensure_published()
    return answer


def _from_template(body: AgentIn, template: AgentTemplate) -> AgentIn:
    """What the caller did not say, as the template has it."""
    names = {"description", "capacity", "body_mode", "skills", "labels"} - body.model_fields_set
    return body.model_copy(update={name: _plain(getattr(template, name)) for name in names})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


async def _shown(tx: Transaction, agent: Agent) -> AgentOut:
    return AgentOut.model_validate((await cards.of_agents(tx, agent.workspace_id, [agent]))[0])
