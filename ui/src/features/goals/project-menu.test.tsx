import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import type { Project } from "@/api/types";
import { Projects } from "@/features/goals/projects";
import { renderPart } from "@/testing/render";
import { aProject } from "@/testing/rows";
import { server } from "@/testing/server";

/** The projects as the server keeps them, seen by who works on tasks; its menu is open. */
async function opened(change: Partial<Project> = {}) {
  let kept: Project | undefined = aProject(change);
  const become = (by: Partial<Project>) => {
    kept = { ...aProject(change), ...by };
    return HttpResponse.json(kept);
  };
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "operator" }, csrf: "c" })),
    http.get("*/api/v1/projects", () => HttpResponse.json({ items: kept ? [kept] : [], next: null })),
    http.post("*/api/v1/projects/prj_1/hold", async ({ request }) => become({ held_at: "2026-11-23T10:00:00.000000Z", hold_reason: ((await request.json()) as { reason: string }).reason })),
    http.post("*/api/v1/projects/prj_1/release", () => become({ held_at: null, hold_reason: null })),
    http.patch("*/api/v1/projects/prj_1", async ({ request }) => become({ archived_at: ((await request.json()) as { archived: boolean }).archived ? "2026-11-23T10:00:00.000000Z" : null })),
    http.delete("*/api/v1/projects/prj_1", () => {
      kept = undefined;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderPart(<Projects />);
  await userEvent.click(await screen.findByLabelText("Act on Autumn"));
}

const pick = async (name: string) => userEvent.click(await screen.findByText(name));

test("a project is held with a reason that stands under its name", async () => {
  await opened();
  await pick("Hold…");
  fireEvent.change(await screen.findByLabelText("Why"), { target: { value: "Not yet." } });
  await userEvent.click(screen.getByText("Hold it"));
  await waitFor(() => expect(screen.queryByLabelText("Why")).toBeNull());
  expect(await screen.findByText("Not yet.")).toBeInTheDocument();
});

test("a project that is held is released", async () => {
  await opened({ held_at: "2026-11-23T10:00:00.000000Z", hold_reason: "Not yet." });
  await pick("Release");
  await waitFor(() => expect(screen.queryByText("Not yet.")).toBeNull());
});

test("a project that has tasks is archived and not deleted", async () => {
  await opened({ tasks: { done: 1 } });
  expect(screen.queryByText("Delete…")).toBeNull();
  await pick("Archive");
  expect(await screen.findByText("archived")).toBeInTheDocument();
});

test("a project without tasks is deleted after it was asked about", async () => {
  await opened();
  await pick("Delete…");
  await userEvent.click(await screen.findByText("Delete the project"));
  await waitFor(() => expect(screen.queryByLabelText("Act on Autumn")).toBeNull());
});
