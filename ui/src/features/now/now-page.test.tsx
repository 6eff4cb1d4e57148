import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";

import { urgentAgentsQuery } from "@/api/agents";
import { NowPage } from "@/features/now/now-page";
import { renderPart } from "@/testing/render";
import { anAgent, aStatus } from "@/testing/rows";
import { server } from "@/testing/server";

test("of many agents those that need somebody first have a row, all are in the answer, and the others are counted beside the way to them", async () => {
  server.use(http.get("*/api/*", () => HttpResponse.json({}, { status: 404 })));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  const calm = Array.from({ length: 49 }, (_, at) => anAgent({ id: `agt_${at}`, name: `calm-${at}` }));
  const stuck = anAgent({ id: "agt_stuck", name: "stuck-one", status: aStatus({ state: "stuck" }) });
  const stands = [{ state: "stuck" as const, waits_for: null, count: 1 }, { state: "working" as const, waits_for: null, count: 259 }];
  client.setQueryData(urgentAgentsQuery.queryKey, { items: [stuck, ...calm], runs: [], present: 260, stands, today: { cost_nano: 0, unpriced_calls: 0 } });
  renderPart(<NowPage needs={null} teach={() => null} above={null} />, client);
  const drawn = () => screen.getAllByRole("link", { name: /^(calm-\d+|stuck-one)$/ });
  await waitFor(() => expect(drawn()).toHaveLength(50), { timeout: 20_000 });
  const rows = drawn();
  expect(rows[0]).toHaveTextContent("stuck-one");
  expect(screen.getByText(/259 agents work/)).toBeVisible();
  expect(screen.getByRole("link", { name: "210 more agents" })).toHaveAttribute("href", "/agents");
}, 40_000);

test("where the agents cannot be loaded, what needs somebody stays, and they are asked for again", async () => {
  let up = false;
  server.use(
    http.get("*/api/v1/agents/urgent", () => (up ? HttpResponse.json({ items: [anAgent()], runs: [], present: 1, stands: [], today: { cost_nano: 0, unpriced_calls: 0 } }) : HttpResponse.json({ status: 503, detail: "The database does not answer." }, { status: 503 }))),
    http.get("*/api/*", () => HttpResponse.json({}, { status: 404 })),
  );
  renderPart(<NowPage needs={<p>Needs you</p>} teach={() => null} above={null} />);
  expect(await screen.findByRole("heading", { level: 1, name: "What the agents do could not be loaded." })).toBeInTheDocument();
  expect(screen.getByText("Needs you")).toBeInTheDocument();
  up = true;
  for (const again of screen.getAllByRole("button", { name: "Try again" })) fireEvent.click(again);
  expect(await screen.findByRole("link", { name: "research" })).toBeInTheDocument();
});

test("what is counted of today leads to what was counted since midnight UTC, not to the last 24 hours", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-27T00:04:00Z") });
  const midnight = "2026-11-27T00:00:00.000Z";
  const asked: (string | null)[] = [];
  const of = (request: Request) => new URL(request.url).searchParams;
  server.use(
    http.get("*/api/v1/agents/urgent", () => HttpResponse.json({ items: [anAgent()], runs: [], present: 1, stands: [], today: { cost_nano: 0, unpriced_calls: 0 } })),
    http.get("*/api/v1/costs", ({ request }) => {
      if (of(request).get("grain") === "day") asked.push(of(request).get("from"));
      return HttpResponse.json({ buckets: [], others: [], totals: { calls: 41, cost_nano: 0, unpriced_calls: 0 } });
    }),
    http.get("*/api/v1/costs/done", ({ request }) => {
      asked.push(of(request).get("from"));
      return HttpResponse.json({ tasks: 7, cost_nano: 0, unpriced_calls: 0, cost_each_nano: null });
    }),
    http.get("*/api/*", () => HttpResponse.json({}, { status: 404 })),
  );
  renderPart(<NowPage needs={null} teach={() => null} above={null} />);
  const calls = new URL((await screen.findByRole<HTMLAnchorElement>("link", { name: "41 calls" })).href);
  const done = new URL((await screen.findByRole<HTMLAnchorElement>("link", { name: "7" })).href);
  expect(asked).toEqual([midnight, midnight]);
  expect([calls.pathname, Object.fromEntries(calls.searchParams)]).toEqual(["/calls", { from: midnight }]);
  expect([done.pathname, Object.fromEntries(done.searchParams)]).toEqual(["/board", { view: "list", show: "done_today" }]);
  vi.useRealTimers();
});
