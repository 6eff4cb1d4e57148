import { useQuery } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { taskQuery } from "@/api/tasks";
import { TaskWatchers } from "@/features/tasks/task-watchers";
import { renderPart } from "@/testing/render";
import { aTask } from "@/testing/rows";
import { server } from "@/testing/server";

const MEMBERS = [
  { id: "mem_1", name: "Sam" },
  { id: "mem_2", name: "Ada" },
];

function Watched() {
  const { data } = useQuery(taskQuery("tsk_1"));
  return data ? <TaskWatchers task={data} /> : null;
}

/** Sam looks at a task that these watch, as the server keeps it. */
function watched(role: string, ...ids: string[]) {
  const now = () => HttpResponse.json(aTask({ watchers: MEMBERS.filter((each) => ids.includes(each.id)) }));
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role }, csrf: "c" })),
    http.get("*/api/v1/members", () => HttpResponse.json({ items: MEMBERS, next: null })),
    http.get("*/api/v1/tasks/tsk_1", now),
    http.put("*/api/v1/tasks/tsk_1/watchers/:id", ({ params }) => {
      ids.push(String(params.id));
      return now();
    }),
    http.delete("*/api/v1/tasks/tsk_1/watchers/:id", ({ params }) => {
      ids = ids.filter((id) => id !== params.id);
      return now();
    }),
  );
  renderPart(<Watched />);
}

test("who only reads watches a task and stops watching it, and moves nobody else's eyes", async () => {
  watched("viewer", "mem_2");
  await userEvent.click(await screen.findByRole("button", { name: "Watch" }));
  expect(await screen.findByText("Sam (you)")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Ada shall watch no more" })).toBeNull();
  await userEvent.click(await screen.findByRole("button", { name: "Stop watching" }));
  await waitFor(() => expect(screen.queryByText("Sam (you)")).toBeNull());
  expect(screen.getByText("Ada")).toBeInTheDocument();
});

test("who works on tasks lets another one watch, and watch no more", async () => {
  watched("operator");
  await userEvent.click(await screen.findByRole("button", { name: "Let somebody watch" }));
  await userEvent.click(await screen.findByRole("option", { name: "Ada" }));
  await userEvent.click(await screen.findByRole("button", { name: "Ada shall watch no more" }));
  expect(await screen.findByText(/^Nobody yet/)).toBeInTheDocument();
});
