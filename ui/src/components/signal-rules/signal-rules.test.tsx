import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Role, Session, SignalPolicy } from "@/api/types";
import { SignalRules } from "@/components/signal-rules/signal-rules";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

/** The rules of an agent before a server that keeps them; each write waits for `gate`. */
function shown(role: Role, kept: SignalPolicy[] = [], gate: Promise<void> = Promise.resolve()) {
  const sent: unknown[] = [];
  let policies = kept;
  const others = (kind: string | null) => policies.filter((each) => each.scope !== "agent" || each.kind !== kind);
  server.use(
    http.get("*/api/v1/signals/policies", () => HttpResponse.json({ items: policies })),
    http.put("*/api/v1/signals/policies", async ({ request }) => {
      const body = (await request.json()) as SignalPolicy;
      sent.push(body);
      await gate;
      policies = [...others(body.kind), body];
      return new HttpResponse(null, { status: 204 });
    }),
    http.delete("*/api/v1/signals/policies", ({ request }) => {
      const asked = new URL(request.url).searchParams;
      sent.push(Object.fromEntries(asked));
      policies = others(asked.get("kind"));
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

test("an agent's own rule is taken back, and the workspace's holds", async () => {
  const policy = { subject_id: null, kind: "looping", floor_s: null } as const;
  const sent = shown("admin", [{ ...policy, scope: "workspace", response: "observe" }, { ...policy, scope: "agent", subject_id: "agt_1", response: "kill" }]);
  const looping = await screen.findByLabelText<HTMLSelectElement>("What is done: It loops");
  expect(looping.options[0]?.label).toBe("Use the workspace's rule: Only show it");
  fireEvent.change(looping, { target: { value: "" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([{ scope: "agent", subject_id: "agt_1", kind: "looping" }]));
  await screen.findByDisplayValue("Only show it (as the workspace says)");
});

test("what is chosen while a save is under way is kept, and saved next", async () => {
  let open: () => void = () => undefined;
  const sent = shown("admin", [], new Promise((done) => (open = done)));
  fireEvent.change(await screen.findByLabelText("What is done: It loops"), { target: { value: "kill" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toHaveLength(1));
  fireEvent.change(screen.getByLabelText("What is done: It loops"), { target: { value: "" } });
  fireEvent.change(screen.getByLabelText("What is done: Silent"), { target: { value: "off" } });
  open();
  await screen.findByText("2 rules changed, not saved yet");
  await waitFor(() => expect(screen.getByRole("button", { name: "Save" })).toBeEnabled());
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent.slice(1)).toEqual([
    { scope: "agent", subject_id: "agt_1", kind: "looping" },
    { scope: "agent", subject_id: "agt_1", kind: "silent", response: "off", floor_s: null },
  ]));
});

test("who is no admin reads what is done and is offered no change", async () => {
  shown("operator");
  await screen.findByText("It loops");
  expect(screen.getAllByText("Tell people (as usual)")).not.toHaveLength(0);
  expect(screen.queryByRole("combobox")).toBeNull();
});
