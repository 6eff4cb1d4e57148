import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";

import type { LiveEvent } from "@/api/live";
import { taskKeys } from "@/api/tasks";
import type { Board } from "@/api/types";
import { showMoveTold } from "@/features/tasks/show-move";
import { aBoard, aTask } from "@/testing/rows";

const told = (from: string, to: string): LiveEvent => ({ seq: 1, kind: "task.moved", subject_id: "tsk_1", at: "2026-11-23T15:00:00.000Z", actor: "mem_2", data: { from, to } });

function holding(...boards: [Parameters<typeof taskKeys.board>[0], Board][]) {
  const client = new QueryClient();
  for (const [filter, board] of boards) client.setQueryData(taskKeys.board(filter), board);
  const standsIn = (filter: Parameters<typeof taskKeys.board>[0]) =>
    client.getQueryData<Board>(taskKeys.board(filter))?.columns.filter((column) => column.items.some((task) => task.id === "tsk_1")).map((column) => column.state);
  return { client, standsIn };
}

test("a move that somebody else made is shown from what the event tells, before anything is asked again", () => {
  const { client, standsIn } = holding([{}, aBoard([aTask()])]);
  showMoveTold(client, told("backlog", "ready"));
  expect(standsIn({})).toEqual(["ready"]);
});

test("a board that was read after the move stays as it is", () => {
  const { client, standsIn } = holding([{}, aBoard([aTask({ state: "in_review" })])]);
  showMoveTold(client, told("backlog", "ready"));
  expect(standsIn({})).toEqual(["in_review"]);
});

test("a board that does not show the task is not given it: its filter may not fit", () => {
  const { client, standsIn } = holding([{}, aBoard([aTask()])], [{ q: "other words" }, aBoard([])]);
  showMoveTold(client, told("backlog", "ready"));
  expect(standsIn({})).toEqual(["ready"]);
  expect(standsIn({ q: "other words" })).toEqual([]);
});
