"""`quarterdeck.client` as an agent's author uses it, with the official SDKs inside."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import anthropic
import openai
import pytest
from agents_world import Connect, World

from quarterdeck.client import (
    AsyncQuarterdeck,
    ClientError,
    LeaseLost,
    NoAnswer,
    NotApproved,
    NothingToDo,
    Quarterdeck,
    Refused,
    Stopped,
    Taken,
    Unreachable,
)

ASK = [{"role": "user", "content": "Say something."}]


def test_model_clients_made_inside_a_run_charge_it_and_it_ends_with_them(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent, brief="Two lines.", acceptance=["Is short"])
    before = dict(os.environ)
    with connect(agent).claim(wait_s=10) as run:
        assert (run.task.id, run.task.brief, run.task.acceptance) == (task["id"], "Two lines.", ("Is short",))
        with openai.OpenAI() as client:
            said = client.chat.completions.create(model="gpt-4o-mini", messages=ASK)  # type: ignore[arg-type]
        with anthropic.Anthropic() as other:
            other.messages.create(model="claude-haiku-4-5", max_tokens=50, messages=ASK)  # type: ignore[arg-type]
        assert run.progress("half way", percent=50).stop is False
        assert run.deliver("report", said.choices[0].message.content or "").version == 1
        run.summary = "Wrote it."
    assert dict(os.environ) == before
    assert world.see_task(task["id"])["state"] == "in_review"
    ended = world.see_run(run.id)
    assert (ended["state"], ended["summary"], ended["percent"]) == ("succeeded", "Wrote it.", 50)
    made = world.calls(agent, 2)
    assert [(call["run_id"], call["attribution"]) for call in made] == [(run.id, "run_key")] * 2
    assert {call["provider"] for call in made} == {"openai", "anthropic"}


async def test_asynchronous_code_does_the_same(world: World) -> None:
    agent = world.agent(capacity=2)
    tasks = [world.task(agent, f"Number {number}") for number in (1, 2)]
    qd = AsyncQuarterdeck(world.url, agent.key)

    async def work() -> str:
        async with qd.claim(wait_s=10, environment=False) as run:
            async with run.openai() as client:
                await client.chat.completions.create(model="gpt-4o-mini", messages=ASK)
            async with run.anthropic() as other:
                await other.messages.create(model="claude-haiku-4-5", max_tokens=50, messages=ASK)
            await run.progress("both", percent=90)
            await run.deliver("answer", {"number": 1})
            await run.finish("Done.")
            return run.id

    runs = await asyncio.gather(work(), work())
    await qd.close()
    assert {world.see_task(task["id"])["state"] for task in tasks} == {"in_review"}
    assert sorted(call["run_id"] for call in world.calls(agent, 4)) == sorted([*runs, *runs])


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError("the tool took too long"), "timeout"), (ValueError("no such column"), "agent_crashed")],
)
def test_an_exception_fails_the_run_with_its_reason(
    world: World, connect: Connect, error: Exception, reason: str
) -> None:
    agent = world.agent()
    task = world.task(agent)
    with pytest.raises(type(error)), connect(agent).claim(wait_s=10) as run:
        raise error
    ended = world.see_run(run.id)
    assert (ended["state"], ended["reason"]) == ("failed", reason)
    assert str(error) in ended["summary"]
    assert world.see_task(task["id"])["state"] == "ready"


def test_a_provider_that_is_out_is_not_the_agents_failure(world: World, connect: Connect) -> None:
    agent = world.agent()
    world.task(agent)
    script = {"x-sandbox-script": '{"fault": {"kind": "status", "status": 503}}'}
    with pytest.raises(openai.InternalServerError), connect(agent).claim(wait_s=10) as run:
        client = run.openai(max_retries=0)
        with client:
            client.chat.completions.create(model="gpt-4o-mini", messages=ASK, extra_headers=script)
    assert world.see_run(run.id)["reason"] == "provider_outage"


def test_bytes_and_files_are_handed_in_as_files(world: World, connect: Connect, tmp_path: Path) -> None:
    agent = world.agent()
    task = world.task(agent)
    table = tmp_path / "figures.csv"
    table.write_text("a,b\n1,2\n")
    with connect(agent).claim(wait_s=10) as run:
        assert run.deliver("figures", table).kind == "csv"
        assert run.deliver("picture", b"\x89PNG\r\n\x1a\n" + bytes(32)).kind == "file"
        assert run.deliver("logo", b"\x89PNG\r\n\x1a\n" + bytes(32), file_name="logo.png", draft=True).kind == "image"
        assert run.deliver("source", "https://example.com/a", kind="link").kind == "link"
    kept = world.system.get(f"/api/v1/tasks/{task['id']}/deliverables")["items"]
    names = {one["name"]: one["versions"][0]["file_name"] for one in kept}
    assert (names["figures"], names["logo"]) == ("figures.csv", "logo.png")
    assert set(names) == {"figures", "logo", "picture", "source"}


async def test_asynchronous_code_hands_in_a_file_piece_by_piece(world: World, tmp_path: Path) -> None:
    agent = world.agent()
    world.task(agent)
    file = tmp_path / "long.bin"
    file.write_bytes(os.urandom(1_000_000))
    async with AsyncQuarterdeck(world.url, agent.key) as qd, qd.claim(wait_s=10) as run:
        assert (await run.deliver("long", file)).size == 1_000_000


def test_a_question_waits_for_its_answer(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent)
    with connect(agent).claim(wait_s=10) as run:
        person = threading.Thread(target=world.answer, args=(task["id"], "blue"))
        person.start()
        assert run.ask("Which colour?", options=["red", "blue"], free_text=False, wait_s=20) == "blue"
        person.join()
        with pytest.raises(NoAnswer):
            run.ask("And which shade?", wait_s=0)


async def test_asynchronous_code_waits_for_an_answer_too(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with AsyncQuarterdeck(world.url, agent.key) as qd, qd.claim(wait_s=10) as run:
        asking = asyncio.create_task(run.ask("Which colour?", wait_s=20))
        await asyncio.to_thread(world.answer, task["id"], "green")
        assert await asking == "green"


def test_what_a_person_must_approve_is_done_only_with_their_word(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent)
    with connect(agent).claim(wait_s=10) as run:
        for verdict in ("approve", "deny"):
            person = threading.Thread(target=world.decide, args=(task["id"], verdict))
            person.start()
            if verdict == "approve":
                run.must_be_approved("send the mail", {"to": "partners"}, summary="As agreed.", wait_s=30)
            else:
                with pytest.raises(NotApproved, match="I have read it"):
                    run.must_be_approved("send it to all", {"to": "all"}, wait_s=30)
            person.join()
        with pytest.raises(NotApproved, match="pending"):
            run.must_be_approved("delete it", {"id": 3}, wait_s=0)


async def test_asynchronous_code_waits_for_an_approval_too(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with AsyncQuarterdeck(world.url, agent.key) as qd, qd.claim(wait_s=10) as run:
        asking = asyncio.create_task(run.must_be_approved("pay", {"cents": 100}, wait_s=30))
        await asyncio.to_thread(world.decide, task["id"], "approve")
        await asking
    [approval] = world.system.get(f"/api/v1/approvals?task_id={task['id']}")["items"]
    assert (approval["payload"], approval["state"]) == ({"cents": 100}, "used")


def test_comments_and_messages_find_their_way(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent)
    qd = connect(agent)
    world.system.post(f"/api/v1/agents/{agent.id}/messages", {"body": "Look at the second sheet."})
    with qd.claim(wait_s=10) as run:
        assert run.comment("Begun.").startswith("cmt_")
        first = next(qd.messages(wait_s=5))
        assert (first.kind, first.body) == ("message", "Look at the second sheet.")
        assert qd.inbox(after=first.cursor).items == ()
    assert world.system.get(f"/api/v1/tasks/{task['id']}/comments")["items"][0]["body"] == "Begun."


def test_a_worker_that_is_told_to_stop_stops(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent)
    qd = connect(agent)
    with pytest.raises(Stopped) as stopped, qd.claim(wait_s=10) as run:
        world.system.patch(f"/api/v1/agents/{agent.id}", {"desired": "paused"})
        run.progress("on and on")
    assert stopped.value.reason == "agent_paused"
    assert world.see_task(task["id"])["state"] == "ready"
    ended = world.see_run(run.id)
    assert (ended["state"], "agent_paused" in ended["reason"]) == ("cancelled", True)


def test_a_worker_that_is_interrupted_gives_its_task_back(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent)
    with pytest.raises(KeyboardInterrupt), connect(agent).claim(wait_s=10) as run:
        raise KeyboardInterrupt
    assert world.see_run(run.id)["state"] == "cancelled"
    assert world.see_task(task["id"])["state"] == "ready"


@pytest.mark.parametrize("scope", ["run", "agent", "task"])
def test_a_worker_hears_of_a_pause_of_whatever_holds_it_and_of_its_end(
    world: World, connect: Connect, scope: str
) -> None:
    agent = world.agent()
    task = world.task(agent)
    with connect(agent).claim(wait_s=10) as run:
        order = {"scope": scope, "subject_id": {"run": run.id, "agent": agent.id, "task": task["id"]}[scope]}
        world.system.post("/api/v1/lever/pause", {**order, "reason": "lunch"})
        with pytest.raises(Stopped, match=f"{scope}_paused: lunch"):
            run.progress("on")
        world.system.post("/api/v1/lever/resume", order)
        assert run.progress("on again").stop is False


def test_a_run_that_was_taken_away_ends_quietly(world: World, connect: Connect) -> None:
    agent = world.agent()
    world.task(agent)
    qd = connect(agent)
    with pytest.raises(LeaseLost) as lost, qd.claim(wait_s=10) as run:
        world.system.post(f"/api/v1/runs/{run.id}/cancel", {"reason": "not today"})
        run.progress("too late")
    assert lost.value.code in ("lease_lost", "run_ended")
    assert world.see_run(run.id)["state"] == "cancelled"


def test_giving_a_task_back_is_no_failure(world: World, connect: Connect) -> None:
    agent = world.agent()
    task = world.task(agent)
    with connect(agent).claim(wait_s=10) as run:
        run.release("needs the German sources")
    ended = world.see_run(run.id)
    assert (ended["state"], ended["reason"]) == ("cancelled", "needs the German sources")
    assert world.see_task(task["id"])["state"] == "ready"


def test_a_part_of_the_work_is_handed_on(world: World, connect: Connect) -> None:
    agent = world.agent(capacity=2)
    task = world.task(agent)
    qd = connect(agent)
    with qd.claim(wait_s=10) as run:
        part = run.delegate("The German sources", "Find three.", acceptance=["Three"], agent_id=agent.id)
        other = json.loads(world.run(agent, "tasks", "delegate", run.id, "And the French", "--agent", agent.id).stdout)
        assert {each["id"] for each in world.see_task(task["id"])["waits_for"]} == {part.id, other["id"]}
        with qd.claim(wait_s=10, environment=False) as second:
            assert (second.task.id, second.task.acceptance) == (part.id, ("Three",))
            second.release()
        run.release("waits for its parts")


def test_it_says_why_there_is_nothing_to_do(world: World, connect: Connect) -> None:
    agent = world.agent()
    qd = connect(agent)
    with pytest.raises(NothingToDo, match="No task is ready") as nothing:
        qd.claim(wait_s=0)
    assert nothing.value.reason == "none_ready"
    world.task(agent)
    run = qd.claim(wait_s=5)
    assert [task.id for task in qd.tasks()] == [run.task.id]
    assert qd.task(run.task.ref).id == run.task.id
    run.fail("no_progress", "I do not understand it.")
    assert world.see_run(run.id)["reason"] == "no_progress"


def test_two_runs_of_a_process_never_share_the_environment(world: World, connect: Connect) -> None:
    agent = world.agent(capacity=2)
    for _ in range(2):
        world.task(agent)
    qd = connect(agent)
    with qd.claim(wait_s=5) as first:
        with pytest.raises(Taken, match="environment=False"):
            qd.claim(wait_s=0)
        with qd.claim(wait_s=5, environment=False) as second:
            assert os.environ["OPENAI_API_KEY"] == first.run_key
            assert second.env()["OPENAI_API_KEY"] == second.run_key


def test_a_program_started_with_the_runs_environment_charges_the_run(world: World, connect: Connect) -> None:
    agent = world.agent()
    world.task(agent)
    code = (
        "import openai; openai.OpenAI().chat.completions.create("
        "model='gpt-4o-mini', messages=[{'role': 'user', 'content': 'hi'}])"
    )
    with connect(agent).claim(wait_s=10, environment=False) as run:
        subprocess.run([sys.executable, "-c", code], env=run.env(), check=True, timeout=200)
    assert [call["run_id"] for call in world.calls(agent, 1)] == [run.id]


def test_it_says_what_is_wrong_with_a_key_or_an_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUARTERDECK_KEY", raising=False)
    with pytest.raises(ClientError, match="QUARTERDECK_KEY"):
        Quarterdeck(world.url)
    with pytest.raises(Refused) as refused, Quarterdeck(world.url, "qd-a-nobody") as qd:
        qd.claim(wait_s=0)
    assert (refused.value.status, refused.value.code) == (401, "key_invalid")
    with pytest.raises(Unreachable, match="No answer from"), Quarterdeck("http://127.0.0.1:9", "x", patience_s=0) as qd:
        qd.tasks()


def test_it_waits_for_a_server_that_restarts(world: World, connect: Connect) -> None:
    agent = world.agent()
    world.task(agent)
    qd = connect(agent)
    with qd.claim(wait_s=10) as run:
        world.system.kill("control")
        run.progress("still here", percent=10)
    assert world.see_run(run.id)["state"] == "succeeded"


def test_importing_it_loads_no_model_sdk_and_nothing_of_the_server() -> None:
    code = (
        "import sys, quarterdeck.client as c; c.Quarterdeck(key='k');"
        "print([m for m in sys.modules if m.partition('.')[0] in ('openai', 'anthropic', 'pydantic', 'sqlalchemy')"
        " or m.startswith('quarterdeck.') and not m.startswith('quarterdeck.client')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
