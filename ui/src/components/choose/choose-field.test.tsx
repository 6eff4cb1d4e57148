import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { ChooseField } from "@/components/choose/choose-field";
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

test("choices that cannot be loaded say why, and are there once they can", async () => {
  let up = false;
  server.use(http.get("*/api/v1/projects", () => (up ? HttpResponse.json({ items: [{ id: "prj_1", name: "Apollo" }], next: null }) : HttpResponse.json({ detail: "The database does not answer." }, { status: 503 }))));
  shown();
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  up = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("option", { name: "Apollo" })).toBeInTheDocument();
});
