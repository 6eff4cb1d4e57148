import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Role, Session } from "@/api/types";
import { SignalRules } from "@/components/signal-rules/signal-rules";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

function shown(role: Role) {
  const sent: unknown[] = [];
  server.use(
    http.get("*/api/v1/signals/policies", () => HttpResponse.json({ items: [] })),
    http.put("*/api/v1/signals/policies", async ({ request }) => {
      sent.push(await request.json());
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role } } as Session);
  renderPart(<SignalRules label="Rules for research" scope="agent" subjectId="agt_1" />, client);
  return sent;
}

test("nothing holds before it is saved, and then just what was changed", async () => {
  const sent = shown("admin");
  const looping = await screen.findByLabelText("What is done: It loops");
  fireEvent.change(looping, { target: { value: "kill" } });
  fireEvent.change(looping, { target: { value: "pause" } });
  expect(sent).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([{ scope: "agent", subject_id: "agt_1", kind: "looping", response: "pause", floor_s: null }]));
  await waitFor(() => expect(screen.queryByRole("button", { name: "Save" })).toBeNull());
});

test("who is no admin reads what is done and is offered no change", async () => {
  shown("operator");
  await screen.findByText("It loops");
  expect(screen.getAllByText("Tell people (as usual)")).not.toHaveLength(0);
  expect(screen.queryByRole("combobox")).toBeNull();
});
