import { fireEvent, screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { GoalDialog } from "@/features/goals/goal-dialog";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

test("a goal whose choices could not be loaded says why, and is written once they are there", async () => {
  let up = false;
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_2", name: "Ana", role: "operator" }, csrf: "c" })),
    http.get("*/api/v1/projects", () => HttpResponse.json({ items: [], next: null })),
    http.get("*/api/v1/members", () =>
      up
        ? HttpResponse.json({ items: [{ id: "mem_1", name: "Sam" }, { id: "mem_2", name: "Ana" }], next: null })
        : HttpResponse.json({ status: 503, code: "store_unavailable", detail: "The database does not answer." }, { status: 503 }),
    ),
  );
  renderPart(<GoalDialog onClose={() => undefined} />);
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  expect(screen.getByLabelText("Name")).toHaveFocus();
  up = true;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("option", { name: "Sam" })).toBeInTheDocument();
  expect(screen.getByLabelText("Accountable")).toHaveValue("mem_2");
});
