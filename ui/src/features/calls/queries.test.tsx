import { QueryClient } from "@tanstack/react-query";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";

import { callKeys, newestCallsQuery } from "@/api/calls";
import { TAIL, warmCalls } from "@/features/calls/queries";
import { aCall } from "@/testing/rows";
import { server } from "@/testing/server";

test("a call that ends after the list was asked for and before its page stands is asked for when it does", async () => {
  server.use(
    http.get("*/api/v1/calls", () => HttpResponse.json({ items: [aCall({ id: "cal_1" })], next: null })),
    http.get("*/api/*", () => HttpResponse.json({}, { status: 404 })),
  );
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  warmCalls(client);
  const newest = () => client.getQueryState(newestCallsQuery({}, TAIL).queryKey);
  await vi.waitFor(() => expect(newest()?.data?.items.map(({ id }) => id)).toEqual(["cal_1"]), 20_000);
  await client.invalidateQueries({ queryKey: callKeys.newestAll() });
  expect(newest()?.isInvalidated).toBe(true);
});
