import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import type { Squad } from "@/api/types";
import { Squads } from "@/features/agents/squads";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const agents = ["research", "drafting", "qa"].map((name) => ({ id: `agt_${name}`, name, desired: "enabled" }));
const named = (id: string) => ({ id: `agt_${id}`, name: id });
const reports: Squad = { id: "sqd_1", name: "Reports", description: "", lead: named("research"), agents: [named("qa"), named("research")], created_at: "2026-11-23T10:00:00.000000Z", version: 3 };

test("a squad gets another lead, who belongs to it by that, and loses a member; then it is removed", async () => {
  const sent: unknown[] = [];
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "operator" }, csrf: "" })),
    http.get("*/api/v1/agents/names", () => HttpResponse.json({ items: agents, present: 3 })),
    http.get("*/api/v1/squads", () => HttpResponse.json({ items: sent.length > 1 ? [] : [reports] })),
    http.patch("*/api/v1/squads/:id", async ({ request }) => {
      sent.push([request.headers.get("if-match"), await request.json()]);
      return HttpResponse.json(reports);
    }),
    http.delete("*/api/v1/squads/:id", ({ params }) => {
      sent.push(params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderPart(<Squads />);
  fireEvent.click(await screen.findByRole("button", { name: "Change the squad Reports" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(await dialog.findByRole("checkbox", { name: "research" })).toBeDisabled();
  await dialog.findByRole("option", { name: "drafting" });
  fireEvent.change(dialog.getByLabelText(/^Lead/), { target: { value: "agt_drafting" } });
  expect(dialog.getByRole("checkbox", { name: "drafting" })).toBeChecked();
  fireEvent.click(dialog.getByRole("checkbox", { name: "qa" }));
  fireEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent).toEqual([['"3"', { name: "Reports", description: "", lead_id: "agt_drafting", agent_ids: ["agt_research"] }]]);
  fireEvent.click(screen.getByRole("button", { name: "Remove the squad Reports" }));
  fireEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Remove" }));
  expect(await screen.findByText(/^None yet\./)).toBeVisible();
  expect(sent[1]).toBe("sqd_1");
});
