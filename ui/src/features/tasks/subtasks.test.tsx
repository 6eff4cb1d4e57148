import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { Subtasks } from "@/features/tasks/subtasks";
import { renderPart } from "@/testing/render";
import { aTask } from "@/testing/rows";
import { server } from "@/testing/server";

test("the parts of a task are listed with where they stand, and those that are not shown are counted", async () => {
  server.use(
    http.get("*/api/v1/tasks", ({ request }) => {
      const of = new URL(request.url).searchParams.get("parent_id");
      return HttpResponse.json({ items: of === "tsk_1" ? [aTask({ id: "tsk_2", ref: "T-2", title: "Demand", state: "done" })] : [], next: null });
    }),
  );
  renderPart(<Subtasks task={aTask({ subtasks: { total: 3, closed: 1 } })} />);
  expect(await screen.findByRole("link", { name: /Demand/ })).toHaveAttribute("href", "/tasks/tsk_2");
  expect(screen.getByText("1 of 3 closed")).toBeInTheDocument();
  expect(screen.getByText("and 2 more")).toBeInTheDocument();
});
