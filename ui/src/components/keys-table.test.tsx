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
  route: null,
  declared: false,
  ...change,
});
const aRoute = (name: string): Route => ({
  name,
  summary: "always openai",
  config: {},
  version: 1,
  declared: false,
  used_by: [],
  canaries: [],
  created_at: "2026-11-23T10:00:00.000000Z",
  updated_at: "2026-11-23T10:00:00.000000Z",
});

/** The table as an operator sees it; what is sent is kept. */
function shown(keys: Key[], routes: Route[]) {
  const sent: unknown[] = [];
  server.use(
    http.get("*/api/v1/routes", () => {
      sent.push("routes");
      return HttpResponse.json({ items: routes, next: null });
    }),
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
  const sent = shown([aKey({ route: "careful" })], [aRoute("cheap"), aRoute("careful")]);
  await screen.findByText("by route careful");
  expect(sent, "a key tells its route itself").toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Route of key qd-ab…yz" }));
  const select = await screen.findByLabelText<HTMLSelectElement>("Route");
  expect(select.value).toBe("careful");
  fireEvent.change(select, { target: { value: "" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent.slice(0, 2)).toEqual(["routes", ["key_1", { route: null }]]));
});

test("a key's route is offered also where it stands on no page of routes asked for", async () => {
  const sent = shown([aKey({ route: "late" })], [aRoute("cheap")]);
  fireEvent.click(await screen.findByRole("button", { name: "Route of key qd-ab…yz" }));
  const select = await screen.findByLabelText<HTMLSelectElement>("Route");
  expect([...select.options].map(({ value }) => value)).toEqual(["", "late", "cheap"]);
  expect(select.value).toBe("late");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent).toContainEqual(["key_1", { route: "late" }]);
});

test("a key that the file declares has its route there, and a token of a member has none", async () => {
  shown([aKey({ declared: true }), aKey({ id: "key_2", kind: "member", agent_id: null, member_id: "mem_1", hint: "qd-cd…wx" })], [aRoute("cheap")]);
  await screen.findByText("qd-cd…wx");
  expect(screen.queryByRole("button", { name: /^Route of/ })).toBeNull();
});
