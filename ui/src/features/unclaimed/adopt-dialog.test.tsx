import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { useState } from "react";
import { expect, test } from "vitest";

import { AdoptDialog } from "@/features/unclaimed/adopt-dialog";
import { renderPart } from "@/testing/render";
import { aTalk, aTask } from "@/testing/rows";
import { server } from "@/testing/server";

const first = aTask({ id: "tsk_1", ref: "T-1", title: "Write the report", state: "ready" });
const second = aTask({ id: "tsk_2", ref: "T-2", title: "Check the report", state: "in_review" });
const done = (calls: number, more: boolean) => HttpResponse.json({ task: second, calls, cost_nano: calls * 10_000_000, unpriced_calls: 0, more });

function opened(adopt: () => Response) {
  const asked: string[] = [];
  server.use(
    http.get("*/api/v1/tasks", ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json({ items: asked.length === 1 ? [second] : [first, second], next: null });
    }),
    http.post("*/api/v1/tasks/:id/adopt", async ({ request, params }) => {
      asked.push(`adopt ${String(params.id)} ${await request.text()}`);
      return adopt();
    }),
    http.post("*/api/v1/tasks/:id/give-back", async ({ request, params }) => {
      asked.push(`give back ${String(params.id)} ${await request.text()}`);
      return done(5, false);
    }),
  );
  renderPart(<Asking />);
  return asked;
}

function Asking() {
  const [open, setOpen] = useState(true);
  return open && <AdoptDialog talk={aTalk()} onClose={() => setOpen(false)} />;
}

test("an open task is found with the keyboard, the agent's own first, and everything goes to it; undo takes it back", async () => {
  const steps = [done(3, true), done(2, false)];
  const asked = opened(() => steps.shift() ?? HttpResponse.error());
  const options = async () => (await screen.findAllByRole("option")).map((option) => option.textContent);
  await waitFor(async () => expect(await options()).toHaveLength(2));
  expect((await options())[0]).toContain("T-2");
  expect(asked[0]).toContain("agent_id=agt_1");
  expect(asked[0]).not.toContain("state=done");
  await userEvent.type(await screen.findByRole("combobox"), "{ArrowDown}{ArrowDown}{Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked.filter((each) => each.startsWith("adopt"))).toEqual(Array(2).fill('adopt tsk_2 {"conversation_id":"conv_1"}'));
  expect(await screen.findByText("5 calls, $0.05, belong to T-2 now.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(await screen.findByText("5 calls belong to no task again.")).toBeVisible();
  expect(asked.at(-1)).toBe('give back tsk_2 {"conversation_id":"conv_1"}');
});

test("a refusal stands in the dialog, which stays", async () => {
  const problem = { status: 409, code: "call_claimed", detail: "Every call of this conversation belongs to other work already." };
  opened(() => HttpResponse.json(problem, { status: 409, headers: { "content-type": "application/problem+json" } }));
  await userEvent.click((await screen.findAllByRole("option"))[0] ?? document.body);
  expect(await screen.findByText(problem.detail)).toBeVisible();
  expect(screen.getByRole("dialog")).toBeVisible();
});
