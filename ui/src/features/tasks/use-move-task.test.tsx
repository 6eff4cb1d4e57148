import { QueryClient } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { taskKeys } from "@/api/tasks";
import type { Board } from "@/api/types";
import { useMoveTask } from "@/features/tasks/use-move-task";
import { renderPart } from "@/testing/render";
import { aBoard, aTask } from "@/testing/rows";
import { server } from "@/testing/server";

function Mover() {
  const move = useMoveTask();
  return <button onClick={() => move.mutate({ task: aTask(), to: "ready" })}>move</button>;
}

async function moving() {
  const client = new QueryClient();
  client.setQueryData(taskKeys.board({}), aBoard([aTask()]));
  renderPart(<Mover />, client);
  await userEvent.click(await screen.findByText("move"));
  const stateShown = () => client.getQueryData<Board>(taskKeys.board({}))?.columns.find((column) => column.items.length > 0)?.state;
  return { stateShown };
}

test("a move shows before the server has answered, and says which version it moves", async () => {
  const held = Promise.withResolvers<null>();
  let version: string | null = null;
  server.use(
    http.post("*/api/v1/tasks/:id/move", async ({ request }) => {
      version = request.headers.get("if-match");
      await held.promise;
      return HttpResponse.json(aTask({ state: "ready", version: 2 }));
    }),
  );
  const { stateShown } = await moving();
  await waitFor(() => expect(stateShown()).toBe("ready"));
  await waitFor(() => expect(version).toBe('"1"'));
  held.resolve(null);
});

test("a refused move is put back, with the reason in words", async () => {
  server.use(
    http.post("*/api/v1/tasks/:id/move", () =>
      HttpResponse.json({ status: 409, code: "changed", detail: "Somebody moved it first." }, { status: 409, headers: { "content-type": "application/problem+json" } }),
    ),
  );
  const { stateShown } = await moving();
  expect(await screen.findByText("T-1 was put back: Somebody moved it first.")).toBeInTheDocument();
  expect(stateShown()).toBe("backlog");
});
