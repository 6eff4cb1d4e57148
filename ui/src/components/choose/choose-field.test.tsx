import { QueryClient } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";

import { agentKeys } from "@/api/agents";
import { calledQuery } from "@/api/choices";
import { ChooseField } from "@/components/choose/choose-field";
import { ChooseMenu } from "@/components/choose/choose-menu";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

/** A workspace with so many projects, asked for as the server answers; what was asked is told. */
function projects(count: number): string[] {
  const all = Array.from({ length: count }, (_, at) => ({ id: `prj_${at}`, name: `Project ${at}` }));
  const asked: string[] = [];
  server.use(
    http.get("*/api/v1/projects", ({ request }) => {
      const query = new URL(request.url).searchParams;
      const q = query.get("q") ?? "";
      asked.push(q);
      return HttpResponse.json({ items: all.filter(({ name }) => name.toLowerCase().includes(q.toLowerCase())).slice(0, Number(query.get("limit"))), next: null });
    }),
    http.get("*/api/v1/projects/:id", ({ params }) => HttpResponse.json(all.find(({ id }) => id === params.id))),
  );
  return asked;
}

function shown(begins?: { id: string }) {
  renderPart(
    <form aria-label="form">
      <ChooseField of="project" label="Project" name="project" none="No project" begins={begins} />
    </form>,
  );
}

const chosen = () => new FormData(screen.getByRole<HTMLFormElement>("form", { name: "form" })).get("project");

test("one of a few is chosen from the platform's own select, which keeps what it began with", async () => {
  projects(3);
  shown({ id: "prj_9" });
  await screen.findByRole("option", { name: "Project 2" });
  expect(screen.getByLabelText("Project")).toHaveValue("prj_9");
  await userEvent.selectOptions(screen.getByLabelText("Project"), "Project 1");
  expect(chosen()).toBe("prj_1");
});

test("among hundreds the server is asked for what one types, and keys alone choose", async () => {
  const asked = projects(300);
  shown({ id: "prj_299" });
  const field = await screen.findByText("Project 299", { selector: "button *" }).then((text) => text.closest("button")) as HTMLElement;
  expect(screen.getByRole("combobox", { name: "Project" })).toBe(field);
  expect(chosen()).toBe("prj_299");
  field.focus();
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByText("There are more: type a part of the name.")).toBeInTheDocument();
  await userEvent.keyboard("ct 27");
  await waitFor(() => expect(screen.getAllByRole("option").map((each) => each.textContent)).toHaveLength(11));
  expect(asked).toContain("ct 27");
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  await waitFor(() => expect(screen.queryByRole("listbox")).toBeNull());
  expect(chosen()).toBe("prj_271");
  expect(field).toHaveTextContent("Project 271");
  await userEvent.keyboard("{Enter}");
  await userEvent.click(await screen.findByRole("option", { name: "No project" }));
  expect(chosen()).toBe("");
});

test("who types and takes at once gets what fits, not what was there before the words", async () => {
  projects(300);
  shown();
  await userEvent.click(await screen.findByText("No project", { selector: "button *" }));
  await screen.findByRole("option", { name: "Project 0" });
  await userEvent.keyboard("27{Enter}");
  expect(chosen()).toBe("prj_27");
});

test("a choice that is required and was not made is told beside the field, and nothing is sent", async () => {
  projects(300);
  const sent = vi.fn((event: React.SyntheticEvent) => event.preventDefault());
  renderPart(
    <form onSubmit={sent}>
      <ChooseField of="project" label="Project" name="project" none="No project" required />
      <button type="submit">Send</button>
    </form>,
  );
  await screen.findByText("No project", { selector: "button *" });
  const field = screen.getByRole("combobox", { name: "Project" });
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(sent).not.toHaveBeenCalled();
  expect(field).toHaveAccessibleDescription("Choose one first.");
  expect(field).toHaveFocus();
  await userEvent.keyboard("{Enter}");
  await userEvent.click(await screen.findByRole("option", { name: "Project 3" }));
  expect(field).not.toHaveAccessibleDescription();
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(sent).toHaveBeenCalledOnce();
});

test("an act for which all that there are are left out says so", async () => {
  projects(2);
  renderPart(<ChooseMenu of="project" label="Move to" trigger={<button type="button">Move</button>} without={["prj_0", "prj_1"]} none="There is no other one." onChoose={() => undefined} />);
  await userEvent.click(await screen.findByRole("button", { name: "Move" }));
  expect(await screen.findByText("There is no other one.")).toBeInTheDocument();
});

test("choices that cannot be loaded say why, and are there once they can", async () => {
  let up = false;
  server.use(http.get("*/api/v1/projects", () => (up ? HttpResponse.json({ items: [{ id: "prj_1", name: "Apollo" }], next: null }) : HttpResponse.json({ detail: "The database does not answer." }, { status: 503 }))));
  shown();
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  up = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("option", { name: "Apollo" })).toBeInTheDocument();
});

test("an agent that was renamed is called by its new name", async () => {
  let name = "drafting";
  server.use(http.get("*/api/v1/agents/names", () => HttpResponse.json({ items: [{ id: "agt_1", name, desired: "enabled" }], present: 1, retired: 0 })));
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: 30_000, retry: false } } });
  expect(await client.query(calledQuery("agent", "agt_1"))).toBe("drafting");
  name = "writing";
  await client.invalidateQueries({ queryKey: agentKeys.all });
  expect(await client.query(calledQuery("agent", "agt_1"))).toBe("writing");
});
