import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import type { Task } from "@/api/types";
import { TaskActions } from "@/features/tasks/task-actions";
import { renderPart } from "@/testing/render";
import { aTask } from "@/testing/rows";
import { server } from "@/testing/server";

function shown(task: Task, agents: object[] = []) {
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "operator" }, csrf: "c" })),
    http.get("*/api/v1/agents/names", () => HttpResponse.json({ items: agents, present: agents.length })),
    http.get("*/api/v1/squads", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/shares", () => HttpResponse.json({ items: [] })),
  );
  renderPart(<TaskActions task={task} />);
}

async function menu(button: string) {
  const trigger = await screen.findByRole("button", { name: button });
  trigger.focus();
  fireEvent.keyDown(trigger, { key: "Enter" });
  return trigger;
}

test("what is rarely done to a task stands in a menu, reached by keys, which has the focus again afterwards", async () => {
  shown(aTask());
  const more = await menu("More for T-1");
  expect((await screen.findAllByRole("menuitem")).map((item) => item.textContent.trim())).toEqual(["Edit…", "Hold…", "Share…", "Save as template…"]);
  fireEvent.keyDown(screen.getByRole("menuitem", { name: "Share…" }), { key: "Enter" });
  const dialog = await screen.findByRole("dialog", { name: "Share by a link" });
  fireEvent.keyDown(dialog, { key: "Escape" });
  await waitFor(() => expect(more).toHaveFocus());
});

test("a task that nobody else can be given says so", async () => {
  shown(aTask({ agent: { id: "agt_1", name: "research" } }), [{ id: "agt_1", name: "research", desired: "enabled" }]);
  fireEvent.click(await screen.findByRole("button", { name: "Assign" }));
  expect(await screen.findByText("There is no other agent.")).toBeInTheDocument();
  expect(screen.getByRole("option", { name: "Any agent may claim it" })).toBeInTheDocument();
});
