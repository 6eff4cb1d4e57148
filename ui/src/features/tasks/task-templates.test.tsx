import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";

import type { TaskTemplate, TaskTemplateDraft } from "@/api/types";
import { CreateTaskDialog } from "@/features/tasks/task-dialogs";
import { TaskTemplates } from "@/features/tasks/task-templates";
import { TemplateDialog } from "@/features/tasks/template-dialog";
import { draftOf } from "@/features/tasks/template-draft";
import { renderPart } from "@/testing/render";
import { aTask } from "@/testing/rows";
import { server } from "@/testing/server";

const weekly: TaskTemplate = {
  id: "tpl_1",
  name: "Weekly report",
  description: "",
  task: { title: "Report for {{customer}}", brief: "In {{tone}} words.", acceptance: ["Names {{customer}}"], review: "two", attempt_limit: 5 },
  variables: [
    { name: "customer", default: null, description: "Whose week" },
    { name: "tone", default: "plain", description: "" },
  ],
  created_at: "2026-11-23T10:00:00.000000Z",
  updated_at: "2026-11-23T10:00:00.000000Z",
  version: 4,
};

beforeEach(() =>
  server.use(
    http.get("*/api/v1/agents/names", () => HttpResponse.json({ items: [], present: 0 })),
    http.get("*/api/v1/squads", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/projects", () => HttpResponse.json({ items: [], next: null })),
    http.get("*/api/v1/goals", () => HttpResponse.json({ items: [], next: null })),
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "operator" }, csrf_token: "" })),
    http.get("*/api/v1/task-templates", () => HttpResponse.json({ items: [weekly], next: null })),
  ),
);

// Keys one after the other, without a pause between them.
const user = userEvent.setup({ delay: null });

test("a task is saved as a template: what it asks for is read from its texts, and what was done to it is left behind", async () => {
  const sent: TaskTemplateDraft[] = [];
  server.use(
    http.post<never, TaskTemplateDraft>("*/api/v1/task-templates", async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json(weekly, { status: 201 });
    }),
  );
  const onClose = vi.fn();
  const task = aTask({ acceptance: [{ text: "It adds up", met: true, deliverable: true }], attempt_limit: 5, due_at: "2026-11-25T10:00:12.000000Z" });
  renderPart(<TemplateDialog from={draftOf(task)} onClose={onClose} />);
  fireEvent.input(await screen.findByLabelText("Template's name"), { target: { value: "Weekly report" } });
  fireEvent.input(screen.getByLabelText("Title"), { target: { value: "Write the report for {{customer}} on {{date}}" } });
  fireEvent.input(screen.getByLabelText("customer"), { target: { value: "Acme" } });
  expect(screen.queryByLabelText("date")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Save template" }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(sent).toMatchObject([
    {
      name: "Weekly report",
      task: {
        title: "Write the report for {{customer}} on {{date}}",
        acceptance: [{ text: "It adds up", met: false, deliverable: true }],
        attempt_limit: 5,
        review: "one",
        due_in_s: 172_800,
        agent_id: null,
        ready: false,
      },
      variables: [{ name: "customer", default: "Acme" }],
    },
  ]);
});

test("a new task is made of a template with what was given, and what was typed in the empty one stays", async () => {
  const sent: unknown[] = [];
  server.use(
    http.post("*/api/v1/task-templates/:id/tasks", async ({ request, params }) => {
      sent.push([params.id, await request.json()]);
      return sent.length === 1
        ? HttpResponse.json({ status: 422, code: "invalid", detail: "There is no value for payload." }, { status: 422 })
        : HttpResponse.json(aTask({ ref: "T-7" }), { status: 201 });
    }),
  );
  const onOpenChange = vi.fn();
  renderPart(<CreateTaskDialog open onOpenChange={onOpenChange} />);
  fireEvent.input(await screen.findByLabelText("Title"), { target: { value: "Half a thought" } });
  await user.selectOptions(await screen.findByLabelText("Begin with"), "Weekly report");
  fireEvent.input(screen.getByLabelText("customer"), { target: { value: "Acme" } });
  expect(screen.getByRole("region", { name: "The task" })).toHaveTextContent("Report for AcmeIn plain words.Names Acme");
  await user.selectOptions(screen.getByLabelText("Begin with"), "An empty task");
  expect(screen.getByLabelText("Title")).toHaveValue("Half a thought");
  await user.selectOptions(screen.getByLabelText("Begin with"), "Weekly report");
  await user.type(screen.getByLabelText("customer"), "Acme{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no value for payload.");
  await user.click(screen.getByRole("button", { name: "Create task" }));
  expect(await screen.findByText("T-7 is on the board.")).toBeVisible();
  expect(sent).toEqual(Array(2).fill(["tpl_1", { variables: { customer: "Acme", tone: "plain" } }]));
  expect(onOpenChange).toHaveBeenCalledWith(false);
});

test("a template is changed as it is known, with what the form does not show as it was; one in use by a schedule says so", async () => {
  const sent: unknown[] = [];
  server.use(
    http.patch("*/api/v1/task-templates/:id", async ({ request }) => {
      sent.push([request.headers.get("if-match"), await request.json()]);
      return HttpResponse.json(weekly);
    }),
    http.delete("*/api/v1/task-templates/:id", () => HttpResponse.json({ status: 409, code: "template_in_use", detail: "Change morning first." }, { status: 409 })),
  );
  renderPart(<TaskTemplates />);
  await user.click(await screen.findByRole("button", { name: "Change the template Weekly report" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByLabelText("tone")).toHaveValue("plain");
  fireEvent.input(dialog.getByLabelText("Brief"), { target: { value: "" } });
  expect(dialog.queryByLabelText("tone")).toBeNull();
  fireEvent.input(dialog.getByLabelText("When it is used"), { target: { value: "For customers' weeks" } });
  expect(dialog.getByLabelText("What customer is for")).toHaveValue("Whose week");
  fireEvent.input(dialog.getByLabelText("What customer is for"), { target: { value: "Whose week it was" } });
  await user.click(dialog.getByRole("checkbox", { name: "customer may be left empty" }));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent).toMatchObject([
    [
      '"4"',
      {
        description: "For customers' weeks",
        task: { brief: "", review: "two", attempt_limit: 5 },
        variables: [{ name: "customer", default: "", description: "Whose week it was" }],
      },
    ],
  ]);
  await user.click(screen.getByRole("button", { name: "Remove the template Weekly report" }));
  await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Remove" }));
  expect(await screen.findByText("Change morning first.")).toBeVisible();
});
