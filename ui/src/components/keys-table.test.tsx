import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Key, Route, Session } from "@/api/types";
import { KeysTable } from "@/components/keys-table";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const aKey = (change: Partial<Key>): Key => ({
  id: "key_1",
  kind: "agent",
  agent_id: "agt_1",
  member_id: null,
  run_id: null,
  name: "",
  hint: "qd-ab…yz",
  state: "active",
  created_at: "2026-11-23T10:00:00.000000Z",
  expires_at: null,
  last_used_at: null,
  models: null,
  declared: false,
  ...change,
});
const aRoute = (name: string, usedBy: string[]): Route => ({
  name,
  summary: "always openai",
  config: {},
  version: 1,
  declared: false,
  used_by: usedBy,
  canaries: [],
  created_at: "2026-11-23T10:00:00.000000Z",
  updated_at: "2026-11-23T10:00:00.000000Z",
});

/** The table as an operator sees it; what is sent is kept. */
function shown(keys: Key[], routes: Route[]) {
  const sent: unknown[] = [];
  server.use(
    http.get("*/api/v1/routes", () => HttpResponse.json({ items: routes, next: null })),
    http.put("*/api/v1/keys/:id/route", async ({ request, params }) => {
      sent.push([params.id, await request.json()]);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role: "operator" } } as Session);
  renderPart(<KeysTable keys={keys} cut={false} />, client);
  return sent;
}

test("a key's route is shown, and taken away by choosing none", async () => {
  const sent = shown([aKey({})], [aRoute("cheap", []), aRoute("careful", ["research", "the key qd-ab…yz"])]);
  await screen.findByText("by route careful");
  fireEvent.click(screen.getByRole("button", { name: "Route of key qd-ab…yz" }));
  const select = await screen.findByLabelText<HTMLSelectElement>("Route");
  expect(select.value).toBe("careful");
  fireEvent.change(select, { target: { value: "" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([["key_1", { route: null }]]));
});

test("where routes do not tell all keys that use them, a key without one is not said to have none", async () => {
  const sent = shown([aKey({})], [aRoute("busy", Array.from({ length: 20 }, (_, at) => `the key qd-${at}`))]);
  fireEvent.click(await screen.findByRole("button", { name: "Route of key qd-ab…yz" }));
  await screen.findByDisplayValue("As it is (not told here)");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent).toEqual([]);
});

test("a key that the file declares has its route there, and a token of a member has none", async () => {
  shown([aKey({ declared: true }), aKey({ id: "key_2", kind: "member", agent_id: null, member_id: "mem_1", hint: "qd-cd…wx" })], [aRoute("cheap", [])]);
  await screen.findByText("qd-cd…wx");
  expect(screen.queryByRole("button", { name: /^Route of/ })).toBeNull();
});
