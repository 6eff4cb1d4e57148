import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Limit, Role, Session } from "@/api/types";
import { Limits } from "@/features/gateway/limits";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const aLimit = (change: Partial<Limit> = {}): Limit => ({
  id: "lim_1",
  scope: "provider:openai",
  scope_kind: "provider",
  scope_value: "openai",
  measure: "tokens",
  amount: 2_000_000,
  per: "minute",
  burst: null,
  max_wait_ms: 5_000,
  weights: { agt_1: 3 },
  declared: false,
  created_at: "2026-11-23T10:00:00.000000Z",
  version: 7,
  in_use: [],
  ...change,
});

const AGENTS = { items: [{ id: "agt_1", name: "research" }, { id: "agt_2", name: "drafting" }, { id: "agt_3", name: "delivery" }], next: null };

/** The part as somebody sees it; what is sent is kept: method, version it was read at, body. */
function shown(items: Limit[], role: Role = "admin") {
  const sent: [string, string | null, unknown][] = [];
  const keep = async ({ request }: { request: Request }) => {
    sent.push([request.method, request.headers.get("if-match"), request.method === "DELETE" ? null : await request.json()]);
    return request.method === "DELETE" ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(aLimit());
  };
  server.use(http.get("*/api/v1/providers", () => HttpResponse.json({ items: [], next: null })), http.get("*/api/v1/agents/names", () => HttpResponse.json(AGENTS)), http.get("*/api/v1/limits", () => HttpResponse.json({ items, next: null })), http.post("*/api/v1/limits", keep), http.patch("*/api/v1/limits/:id", keep), http.delete("*/api/v1/limits/:id", keep));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role } } as Session);
  renderPart(<Limits />, client);
  return sent;
}

const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

test("a limit is made of what it is of, what it counts and how much of it", async () => {
  const sent = shown([]);
  fireEvent.click(await screen.findByRole("button", { name: "New limit" }));
  type("Which one", "research");
  type("At most", "60");
  type("Per", "hour");
  fireEvent.click(screen.getByRole("button", { name: "Set limit" }));
  await waitFor(() => expect(sent).toEqual([["POST", null, { scope: "agent:research", measure: "requests", amount: 60, per: "hour", burst: null }]]));
});

test("calls at once have no period, and wait only at a provider", async () => {
  const sent = shown([]);
  fireEvent.click(await screen.findByRole("button", { name: "New limit" }));
  expect(screen.queryByLabelText("Longest wait, in seconds")).toBeNull();
  type("Of what", "provider");
  type("Which one", "openai");
  type("What is counted", "concurrent");
  type("At most", "4");
  type("Longest wait, in seconds", "2.5");
  expect(screen.queryByLabelText("Per")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Set limit" }));
  await waitFor(() => expect(sent).toEqual([["POST", null, { scope: "provider:openai", measure: "concurrent", amount: 4, per: null, burst: null, max_wait_ms: 2_500, weights: {} }]]));
});

test("a limit is changed and removed at the version that was read, and shares of agents stay", async () => {
  const sent = shown([aLimit()]);
  fireEvent.click(await screen.findByRole("button", { name: /^Change the limit of provider openai/ }));
  type("At most", "1000");
  fireEvent.click(screen.getByRole("button", { name: "Change" }));
  await waitFor(() => expect(sent).toEqual([["PATCH", '"7"', { amount: 1_000, burst: null, max_wait_ms: 5_000, weights: { agt_1: 3 } }]]));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  fireEvent.click(screen.getByRole("button", { name: /^Remove the limit of provider openai/ }));
  fireEvent.click(await screen.findByRole("button", { name: "Remove" }));
  await waitFor(() => expect(sent.slice(1)).toEqual([["DELETE", '"7"', null]]));
});

test("what the file says is not changed here", async () => {
  shown([aLimit({ declared: true })]);
  await screen.findByText("from quarterdeck.toml");
  expect(screen.queryByRole("button", { name: /the limit of/ })).toBeNull();
});

test("an operator sees limits and is offered no act", async () => {
  shown([aLimit()], "operator");
  await screen.findByText("provider openai");
  expect(screen.queryByRole("button", { name: /limit/i })).toBeNull();
});

test("agents get shares of a provider that is busy, each agent once, and lose them", async () => {
  const sent = shown([aLimit({ weights: { agt_1: 3, agt_gone: 2 } })]);
  await screen.findByText(/2 agents have shares of their own/);
  fireEvent.click(screen.getByRole("button", { name: /^Change the limit of provider openai/ }));
  fireEvent.click(await screen.findByRole("button", { name: "Give an agent a share" }));
  expect(within(screen.getByLabelText("Agent with share 1")).getAllByRole("option").map((each) => each.textContent)).toEqual(["Choose an agent", "research", "drafting", "delivery"]);
  expect(within(screen.getByLabelText("Agent with share 3")).getAllByRole("option").map((each) => each.textContent)).toEqual(["Choose an agent", "drafting", "delivery"]);
  type("Agent with share 3", "agt_2");
  type("Share 3", "5");
  fireEvent.click(screen.getByRole("button", { name: "Remove share 1" }));
  fireEvent.click(screen.getByRole("button", { name: "Change" }));
  await waitFor(() => expect(sent).toEqual([["PATCH", '"7"', { amount: 2_000_000, burst: null, max_wait_ms: 5_000, weights: { agt_gone: 2, agt_2: 5 } }]]));
});
