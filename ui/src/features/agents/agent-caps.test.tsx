import { fireEvent, screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { AgentCaps } from "@/features/agents/agent-caps";
import { renderPart } from "@/testing/render";
import { anAgent } from "@/testing/rows";
import { server } from "@/testing/server";

test("caps that could not be loaded say so, and come when tried again; one of the whole workspace says whose it is", async () => {
  let well = false;
  const budget = { id: "bud_1", scope: "workspace", scope_kind: "workspace", scope_value: "", amount_nano: 25e9, window: "day", mode: "hard", windows: [] };
  server.use(
    http.get("*/api/v1/budgets", () => (well ? HttpResponse.json({ items: [budget] }) : HttpResponse.json({ status: 503, code: "store_unavailable", detail: "The database does not answer." }, { status: 503 }))),
    http.get("*/api/v1/limits", () => HttpResponse.json({ items: [] })),
  );
  renderPart(<AgentCaps agent={anAgent()} />);
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  well = true;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("stops, the whole workspace")).toBeVisible();
  expect(screen.getByText("$25.00")).toBeVisible();
});
