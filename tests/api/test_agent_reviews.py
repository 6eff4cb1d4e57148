"""An agent looks first, then a person; and nobody asks for less review without being an admin."""

from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole

from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.worker.notifying import _follow


@pytest.fixture
async def world(client: httpx.AsyncClient, as_agent: AsAgent, db: Database) -> "World":
    made = World(client, await as_agent("writer"), await as_agent("critic"), db)
    await fan_out(db, "http://q")
    agents = {row["name"]: row["id"] for row in (await client.get("/api/v1/agents")).json()["items"]}
    body = {"title": "Write it", "state": "ready", "acceptance": ["It is short"], "agent_id": agents["writer"]}
    task = await client.post("/api/v1/tasks", json={**body, "review": f"agent:{agents['critic']}+one"})
    assert task.status_code == 201, task.text
    made.task = task.json()["id"]
    return made


class World:
    def __init__(self, client: httpx.AsyncClient, writer: httpx.AsyncClient, critic: httpx.AsyncClient, db: Database):
        self.client, self.writer, self.critic, self.db = client, writer, critic, db
        self.task = ""

    async def hand_in(self, text: str) -> None:
        run = (await self.writer.post("/api/v1/agent/claim")).json()["run"]["id"]
        done = await self.writer.post(f"/api/v1/runs/{run}/deliverables", json={"name": "Report", "text": text})
        assert done.status_code == 200, done.text
        await self.writer.post(f"/api/v1/runs/{run}/finish", json={"outcome": "succeeded"})
        await self.follow()

    async def follow(self) -> None:
        while await fan_out(self.db, "http://q", follow=_follow):
            pass

    async def say(self, verdict: str, body: str = "") -> httpx.Response:
        run = (await self.critic.post("/api/v1/agent/claim")).json()["run"]["id"]
        said = await self.critic.post(f"/api/v1/runs/{run}/review", json={"verdict": verdict, "body": body})
        await self.critic.post(f"/api/v1/runs/{run}/finish", json={"outcome": "succeeded"})
        await self.follow()
        return said

    async def state(self) -> str:
        return str((await self.client.get(f"/api/v1/tasks/{self.task}")).json()["state"])

    async def needs(self) -> list[str]:
        return [need["kind"] for need in (await self.client.get("/api/v1/needs")).json()["items"]]

    async def shown(self) -> str:
        return str((await self.client.get(f"/api/v1/tasks/{self.task}")).json()["status"]["words"])

    async def approve(self) -> dict[str, Any]:
        answer = await self.client.post(f"/api/v1/tasks/{self.task}/reviews", json={"verdict": "approve"})
        found: dict[str, Any] = answer.json()
        return found


async def test_an_agent_that_is_to_look_first_and_is_retired_is_told_of(world: World) -> None:
    await world.hand_in("A report")
    assert (await world.shown()).startswith("in review, waits for critic to look first")
    critic = (await world.client.get("/api/v1/agents", params={"q": "critic"})).json()["items"][0]["id"]
    await world.client.patch(f"/api/v1/agents/{critic}", json={"desired": "retired"})
    assert await world.shown() == "in review, but critic, which looks first, is retired"
    (need,) = (await world.client.get("/api/v1/needs")).json()["items"]
    assert need["text"] == "T-2 waits for critic, which is retired: enable it, or change the review"
    await world.client.patch(f"/api/v1/tasks/{world.task}", json={"review": "one"})
    assert (await world.shown()).startswith("waiting for ")
    assert (await world.approve())["missing"] is None
    assert await world.state() == "done"


async def test_a_person_is_asked_once_the_agent_has_approved(world: World) -> None:
    await world.hand_in("A report")
    assert await world.needs() == []
    assert (await world.approve())["missing"] == "the review of critic"
    moved = await world.client.post(f"/api/v1/tasks/{world.task}/move", json={"to": "done"})
    assert moved.json()["code"] == "review_missing"
    said = await world.say("approve", "Fine.")
    assert said.status_code == 201, said.text
    # The person had approved already, so nothing is missing any more.
    assert await world.state() == "done"
    listed = (await world.client.get(f"/api/v1/tasks/{world.task}/reviews")).json()
    assert [(one["reviewer"]["name"], one["by_agent"]) for one in listed["items"]] == [
        ("critic", True),
        ("Owner", False),
    ]
    assert listed["review_cost_nano"] == 0


async def test_what_the_agent_asks_for_goes_back_as_one_message(world: World, clock: FakeClock) -> None:
    await world.hand_in("A very long report")
    said = await world.say("request_changes", "It is not short.")
    assert said.status_code == 201, said.text
    assert await world.state() == "in_progress"
    inbox = (await world.writer.get("/api/v1/agent/inbox")).json()["items"]
    assert [(item["kind"], item["body"]) for item in inbox] == [("review", "It is not short.")]
    clock.advance(1)
    claimed = (await world.writer.post("/api/v1/agent/claim")).json()
    assert claimed["last_review"]["message"] == "It is not short."
    run = claimed["run"]["id"]
    await world.writer.post(f"/api/v1/runs/{run}/deliverables", json={"name": "Report", "text": "Short"})
    await world.writer.post(f"/api/v1/runs/{run}/finish", json={"outcome": "succeeded"})
    await world.follow()
    assert (await world.say("approve")).json()["missing"] == "one approval"
    assert await world.needs() == ["review"]
    assert (await world.approve())["task"]["state"] == "done"


async def test_the_reviewing_agent_sees_the_work_and_only_that(world: World, as_agent: AsAgent) -> None:
    await world.hand_in("A report")
    run = (await world.critic.post("/api/v1/agent/claim")).json()["run"]["id"]
    seen = (await world.critic.get(f"/api/v1/runs/{run}/review")).json()
    assert (seen["ref"], seen["acceptance"]) == ("T-1", ["It is short"])
    assert [(one["name"], one["text"]) for one in seen["versions"]] == [("Report", "A report")]
    assert (await world.writer.get(f"/api/v1/runs/{run}/review")).status_code == 404
    rejected = await world.critic.post(f"/api/v1/runs/{run}/review", json={"verdict": "reject", "body": "no"})
    assert rejected.status_code == 422
    silent = await world.critic.post(f"/api/v1/runs/{run}/review", json={"verdict": "request_changes"})
    assert silent.json()["field"] == "body"


async def test_a_review_task_is_called_off_when_its_work_leaves_the_review(world: World, clock: FakeClock) -> None:
    await world.hand_in("A report")
    clock.advance(1)
    body = {"verdict": "request_changes", "body": "I saw it already."}
    await world.client.post(f"/api/v1/tasks/{world.task}/reviews", json=body)
    await world.follow()
    found = (await world.client.get("/api/v1/tasks?state=cancelled")).json()["items"]
    assert [task["title"] for task in found] == ["Review T-1: Write it"]


async def test_only_an_admin_lowers_a_review_and_it_is_told(
    world: World, as_role: AsRole, client: httpx.AsyncClient
) -> None:
    operator = await as_role("operator")
    path = f"/api/v1/tasks/{world.task}"
    refused = await operator.patch(path, json={"review": "none"})
    assert (refused.status_code, refused.json()["code"]) == (403, "review_lowered")
    assert (await client.patch(path, json={"review": "one"})).status_code == 200
    assert (await operator.patch(path, json={"review": "n:2"})).status_code == 200
    audited = (await client.get("/api/v1/audit?kind=task.review_lowered")).json()["items"]
    assert [entry["data"]["after"] for entry in audited] == ["one"]


async def test_a_task_of_a_project_asks_for_no_less_than_the_project(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    project = (await client.post("/api/v1/projects", json={"name": "Site", "review": "role:admin"})).json()
    operator = await as_role("operator")
    body = {"title": "x", "project_id": project["id"]}
    assert (await operator.post("/api/v1/tasks", json={**body, "review": "none"})).json()["code"] == "review_lowered"
    assert (await operator.post("/api/v1/tasks", json=body)).json()["review"] == "role:admin"
    lowered = await operator.patch(f"/api/v1/projects/{project['id']}", json={"review": "one"})
    assert lowered.status_code == 403


async def test_a_policy_names_only_who_is_there(client: httpx.AsyncClient, world: World) -> None:
    for review in ("agent:agt_none+one", "of:1:mem_none", "member:mem_none"):
        answer = await client.post("/api/v1/tasks", json={"title": "x", "review": review})
        assert (answer.status_code, answer.json()["field"]) == (400, "review"), review


async def test_the_reviewing_agent_fetches_the_files_it_reviews_while_its_review_goes_on(
    world: World, as_agent: AsAgent
) -> None:
    given = await world.client.put(f"/api/v1/tasks/{world.task}/attachments/content?name=data.csv", content=b"a;b")
    run = (await world.writer.post("/api/v1/agent/claim")).json()["run"]["id"]
    path = f"/api/v1/runs/{run}/deliverables/content?name=Scan&kind=pdf"
    made = (await world.writer.put(path, content=b"%PDF-1.7 scan")).json()
    await world.writer.post(f"/api/v1/runs/{run}/finish", json={"outcome": "succeeded"})
    await world.follow()
    own = (await world.critic.post("/api/v1/agent/claim")).json()["run"]["id"]
    seen = (await world.critic.get(f"/api/v1/runs/{own}/review")).json()
    assert [(one["name"], one["text"]) for one in seen["versions"]] == [("Scan", None)]
    assert [one["name"] for one in seen["attachments"]] == ["data.csv"]
    scan = f"/api/v1/runs/{own}/deliverables/{made['deliverable_id']}/versions/1/content"
    data = f"/api/v1/runs/{own}/attachments/{given.json()['id']}/content"
    fetched = await world.critic.get(scan)
    assert (fetched.content, fetched.headers["content-disposition"]) == (
        b"%PDF-1.7 scan",
        "attachment; filename*=UTF-8''Scan.pdf",
    )
    assert (await world.critic.get(data)).content == b"a;b"

    stranger = await as_agent("stranger")
    assert (await stranger.get(scan)).status_code == 404
    other = (await world.client.post("/api/v1/tasks", json={"title": "Other", "state": "ready"})).json()["id"]
    foreign = (await stranger.post("/api/v1/agent/claim", json={"task_id": other})).json()["run"]["id"]
    for path in (scan, data):
        assert (await stranger.get(path.replace(own, foreign))).status_code == 404, path
    await world.critic.post(f"/api/v1/runs/{own}/review", json={"verdict": "approve"})
    await world.critic.post(f"/api/v1/runs/{own}/finish", json={"outcome": "succeeded"})
    assert (await world.critic.get(scan)).status_code == 404


async def test_a_worker_reads_what_was_handed_in_for_its_task_before(world: World, clock: FakeClock) -> None:
    await world.hand_in("First")
    body = {"verdict": "request_changes", "body": "Once more."}
    await world.client.post(f"/api/v1/tasks/{world.task}/reviews", json=body)
    clock.advance(1)
    run = (await world.writer.post("/api/v1/agent/claim")).json()["run"]["id"]
    made = (await world.client.get(f"/api/v1/tasks/{world.task}/deliverables")).json()["items"][0]["id"]
    read = await world.writer.get(f"/api/v1/runs/{run}/deliverables/{made}/versions/1/content")
    assert (read.status_code, read.text) == (200, "First")
