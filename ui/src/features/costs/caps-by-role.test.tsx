import { QueryClient } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Role, Session } from "@/api/types";
import { Budgets } from "@/features/costs/budgets";
import { Reconciliation } from "@/features/costs/reconcile";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

/** What who is signed in so is offered beside the list of budgets. */
async function offered(role: Role): Promise<string[]> {
  server.use(http.get("*/api/v1/budgets", () => HttpResponse.json({ items: [], next: null })));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role } } as Session);
  const { unmount } = renderPart(
    <>
      <Budgets />
      <Reconciliation />
    </>,
    client,
  );
  await screen.findByRole("heading", { name: "Budgets" }, { timeout: 10_000 });
  const found = [screen.queryByRole("button", { name: "New budget" }), screen.queryByRole("heading", { name: /invoice/ })];
  unmount();
  return found.filter((each) => each !== null).map((each) => each.tagName);
}

test("an operator sets budgets, as the server lets one, and only admins compare invoices", async () => {
  expect(await offered("reviewer")).toEqual([]);
  expect(await offered("operator")).toEqual(["BUTTON"]);
  expect(await offered("admin")).toEqual(["BUTTON", "H2"]);
}, 40_000);
