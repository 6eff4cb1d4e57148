import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import type { AgentTemplate } from "@/api/types";
import { SaveAgentAsTemplate } from "@/features/agents/agent-template-dialog";
import { AgentTemplates } from "@/features/agents/agent-templates";
import { renderPart } from "@/testing/render";
import { anAgent } from "@/testing/rows";
import { server } from "@/testing/server";

const researcher: AgentTemplate = {
  id: "agtt_1",
  name: "Researcher",
  description: "Finds and cites",
  skills: ["search", "french"],
  labels: [],
  instructions: "Cite.",
  capacity: 3,
  body_mode: "redacted",
  created_at: "2026-11-23T10:00:00.000000Z",
  version: 2,
};

/** A server that keeps what it was sent. */
function heard(templates: AgentTemplate[]) {
  const sent: unknown[] = [];
  const keep = async ({ request }: { request: Request }) => {
    sent.push([request.method, request.headers.get("if-match"), await request.json()]);
    return HttpResponse.json(researcher, { status: 201 });
  };
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "operator" }, csrf: "" })),
    http.get("*/api/v1/agent-templates", () => HttpResponse.json({ items: templates })),
    http.post("*/api/v1/agent-templates", keep),
    http.put("*/api/v1/agent-templates/agtt_1", keep),
    http.delete("*/api/v1/agent-templates/:id", ({ params }) => {
      sent.push(params.id);
      templates = [];
      return new HttpResponse(null, { status: 204 });
    }),
    http.post("*/api/v1/agents", async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json({ status: 409, title: "Changed", code: "name_taken", detail: "That name is taken." }, { status: 409 });
    }),
    http.get("*/api/v1/agents/agt_1/instructions", () => HttpResponse.json({ items: [{ number: 1, text: "Be brief.", holds: true }] })),
  );
  return sent;
}

test("a template is changed as a whole, from the version that was seen, and then removed", async () => {
  const sent = heard([researcher]);
  renderPart(<AgentTemplates />);
  fireEvent.click(await screen.findByRole("button", { name: "Change the template Researcher" }));
  const dialog = within(await screen.findByRole("dialog"));
  fireEvent.change(dialog.getByLabelText("Skills"), { target: { value: " search,, german " } });
  fireEvent.change(dialog.getByLabelText("Requests and answers are kept"), { target: { value: "inherit" } });
  fireEvent.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const { name, description, labels, instructions, capacity } = researcher;
  expect(sent).toEqual([["PUT", '"2"', { name, description, labels, instructions, capacity, skills: ["search", "german"], body_mode: null }]]);
  fireEvent.click(screen.getByRole("button", { name: "Remove the template Researcher" }));
  fireEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Remove" }));
  expect(await screen.findByText(/^None yet\./)).toBeVisible();
  expect(sent[1]).toBe("agtt_1");
});

test("an agent made of a template says only what was typed, so that the rest comes from the template", async () => {
  const sent = heard([researcher]);
  renderPart(<AgentTemplates />);
  fireEvent.click(await screen.findByRole("button", { name: "New agent of the template Researcher" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByLabelText("Begin with")).toHaveDisplayValue("Researcher");
  expect(dialog.getByText("search, french")).toBeVisible();
  fireEvent.change(dialog.getByLabelText("Name"), { target: { value: "r2" } });
  fireEvent.click(dialog.getByRole("button", { name: "Create and show its key" }));
  await dialog.findByText("That name is taken.");
  expect(sent).toEqual([{ name: "r2", template_id: "agtt_1" }]);
  fireEvent.change(dialog.getByLabelText("Begin with"), { target: { value: "" } });
  fireEvent.change(dialog.getByLabelText("What it does (optional)"), { target: { value: "Reads" } });
  fireEvent.click(dialog.getByRole("button", { name: "Create and show its key" }));
  await waitFor(() => expect(sent[1]).toEqual({ name: "r2", description: "Reads" }));
});

test("an agent is saved as a template with the instructions that hold", async () => {
  const sent = heard([]);
  renderPart(<SaveAgentAsTemplate agent={anAgent({ description: "Writes", skills: ["prose"], instructions: 1, capacity: 2 })} onClose={() => undefined} />);
  const dialog = within(await screen.findByRole("dialog"));
  fireEvent.change(dialog.getByLabelText("Template's name"), { target: { value: "Writer" } });
  fireEvent.click(dialog.getByRole("button", { name: "Save template" }));
  await waitFor(() => expect(sent).toEqual([["POST", null, { name: "Writer", description: "Writes", skills: ["prose"], labels: [], instructions: "Be brief.", capacity: 2, body_mode: null }]]));
});
