import { useQuery } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { useState } from "react";
import { expect, test } from "vitest";

import { taskQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { HoldTask, mayHold, TaskHold } from "@/features/tasks/task-hold";
import { renderPart } from "@/testing/render";
import { aProject, aTask } from "@/testing/rows";
import { server } from "@/testing/server";

function Held() {
  const { data } = useQuery(taskQuery("tsk_1"));
  const [asking, setAsking] = useState(false);
  return (
    data && (
      <>
        <button onClick={() => setAsking(true)}>Hold</button>
        {asking && <HoldTask task={data} onClose={() => setAsking(false)} />}
        <TaskHold task={data} />
      </>
    )
  );
}

function shown(task: Task) {
  let kept = task;
  const now = () => HttpResponse.json(kept);
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "operator" }, csrf: "c" })),
    http.get("*/api/v1/projects/prj_1", () => HttpResponse.json(aProject({ held_at: "2026-11-23T10:00:00.000000Z", hold_reason: "The customer thinks." }))),
    http.get("*/api/v1/tasks/tsk_1", now),
    http.post("*/api/v1/tasks/tsk_1/hold", async ({ request }) => {
      const { reason } = (await request.json()) as { reason: string | null };
      kept = { ...kept, hold: { since: "2026-11-23T10:00:00.000000Z", reason } };
      return now();
    }),
    http.post("*/api/v1/tasks/tsk_1/release", () => {
      kept = { ...kept, hold: null };
      return now();
    }),
  );
  renderPart(<Held />);
}

test("a task is held with a reason that stands on its page, and released", async () => {
  shown(aTask());
  await userEvent.click(await screen.findByRole("button", { name: "Hold" }));
  fireEvent.change(await screen.findByLabelText("Why"), { target: { value: " Not yet. " } });
  await userEvent.click(screen.getByText("Hold it"));
  expect(await screen.findByText("Not yet.")).toBeInTheDocument();
  await userEvent.click(await screen.findByRole("button", { name: "Release" }));
  await waitFor(() => expect(screen.queryByText("Not yet.")).toBeNull());
  expect(screen.queryByRole("button", { name: "Release" })).toBeNull();
});

test("what is held above a task and with its project is told, with the way to the task above", async () => {
  shown(aTask({ hold: { since: null, reason: null }, parent: { id: "tsk_0", ref: "T-0", title: "All of it" }, project: { id: "prj_1", name: "Autumn" } }));
  expect(await screen.findByRole("link", { name: "Below T-0" })).toHaveAttribute("href", "/tasks/tsk_0");
  expect(await screen.findByText("The customer thinks.")).toBeInTheDocument();
});

test("what is closed or held already is not to be held", () => {
  expect(mayHold(aTask())).toBe(true);
  expect(mayHold(aTask({ state: "done" }))).toBe(false);
  expect(mayHold(aTask({ hold: { since: "2026-11-23T10:00:00.000000Z", reason: null } }))).toBe(false);
  expect(mayHold(aTask({ hold: { since: null, reason: null } }))).toBe(true);
});
