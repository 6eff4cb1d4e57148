"""Keeps the story going: puts tasks on the board, takes a provider away, and plays the people if nobody else does."""

import sys
import threading
import time
from typing import Any

from quarterdeck.cli.client import Api
from quarterdeck.cli.demo.sandboxes import Provider
from quarterdeck.cli.demo.team import EVERYDAY, STORY, Job
from quarterdeck.client import ClientError

OPEN_TASKS = 6
"""How many everyday tasks are ready or in progress at once."""
IN_REVIEW = 3
"""So many everyday tasks wait for a person; older ones are approved, as somebody would."""
SENT_BACK = "Q3 market report"
OUTAGE_AT_S = 20 * 60.0
OUTAGE_EVERY_S = 60 * 60.0
OUTAGE_S = 5 * 60.0
SHORTEST_OUTAGE_S = 8.0
SHORTEST_REST_S = 120.0
"""An outage lasts long enough to be seen, and is long enough over, whatever the speed."""
SEAT_NANO = 174_000_000
"""What delivery's machine costs an hour: eleven cents in 38 minutes."""
PATIENCE_S = 90 * 60.0
SHORTEST_PATIENCE_S = 300.0
"""So long, but never less than that of real time, trouble is left for the person who watches."""


class Director:
    """Speaks to the server as its owner. Run it in a thread; `stop` ends it."""

    def __init__(self, api: Api, ids: dict[str, str], provider: Provider, speed: float) -> None:
        self._api = api
        self._ids = ids
        self._provider = provider
        self._speed = speed
        self._began = time.monotonic()
        self._turn = 0
        self._outage_at = self._began + OUTAGE_AT_S / speed
        self.stop = threading.Event()

    def play(self) -> None:
        self._tell_story()
        while not self.stop.wait(max(0.5, 60 / self._speed)):
            try:
                self._keep_busy()
                self._approve_everyday()
                self._play_people()
            except ClientError as refused:
                print(f"demo: {refused}", file=sys.stderr)
            self._outage()

    def _tell_story(self) -> None:
        """Put the story on the board, unless an earlier demo in this directory did."""
        there = {task["title"] for state in _OPEN for task in self._tasks(state)}
        made = {job.title: self._create(job, state="backlog")["id"] for job in STORY if job.title not in there}
        for job in STORY:
            if job.after in made and job.title in made:
                self._api.post(f"/tasks/{made[job.title]}/dependencies", waits_for=made[job.after])
        # A machine that waits costs something too.
        self._api.post(f"/agents/{self._ids['delivery']}/seat_prices", nano_per_hour=SEAT_NANO)
        # Only now: nobody is to claim what waits for another before it is said that it does.
        for task_id in made.values():
            self._api.post(f"/tasks/{task_id}/move", to="ready")

    def _keep_busy(self) -> None:
        titles = {job.title for job in EVERYDAY}
        count = sum(task["title"] in titles for state in ("ready", "in_progress") for task in self._tasks(state))
        while count < OPEN_TASKS:
            self._create(EVERYDAY[self._turn % len(EVERYDAY)])
            self._turn, count = self._turn + 1, count + 1

    def _create(self, job: Job, *, state: str = "ready") -> dict[str, Any]:
        fields = {"title": job.title, "brief": job.brief, "priority": job.priority}
        made: dict[str, Any] = self._api.post("/tasks", **fields, agent_id=self._ids[job.agent], state=state)
        return made

    def _approve_everyday(self) -> None:
        titles = {job.title for job in EVERYDAY}
        waiting = [task for task in self._tasks("in_review") if task["title"] in titles]
        for task in waiting[IN_REVIEW:]:
            self._api.post(f"/tasks/{task['id']}/reviews", verdict="approve")

    def _play_people(self) -> None:
        """After a while without anybody: restart what loops or stalls, and approve what waits."""
        patience_s = max(SHORTEST_PATIENCE_S, PATIENCE_S / self._speed)
        if time.monotonic() - self._began < patience_s:
            return
        titles = {job.title for job in STORY}
        for task in self._tasks("in_progress"):
            run = task["run"]
            if task["title"] in titles and run is not None and run["attempt"] == 1:
                self._api.post(
                    f"/runs/{run['id']}/restart", reason="It went in circles.", note="Hand in what you have."
                )
        for task in self._tasks("in_review"):
            if task["title"] in titles:
                self._review(task)

    def _review(self, task: dict[str, Any]) -> None:
        """The report is sent back once, as a colleague would who was asked to look."""
        path = f"/tasks/{task['id']}"
        if task["title"] == SENT_BACK and task["attempts"] == _SECOND:
            self._api.post(f"{path}/comments", body="@ana please look at this draft.")
            self._api.post(f"{path}/reviews", verdict="request_changes", body="Say what it costs, and name a source.")
        else:
            self._api.post(f"{path}/reviews", verdict="approve")

    def _outage(self) -> None:
        """The first provider goes away for a while, and calls fall back to the second."""
        if time.monotonic() < self._outage_at:
            return
        self._provider.fail()
        self.stop.wait(max(SHORTEST_OUTAGE_S, OUTAGE_S / self._speed))
        self._provider.recover()
        self._outage_at = time.monotonic() + max(SHORTEST_REST_S, OUTAGE_EVERY_S / self._speed)

    def _tasks(self, state: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._api.get("/tasks", state=state, limit=100)["items"]
        return found


_SECOND = 2
_OPEN = ("backlog", "ready", "in_progress", "in_review")
