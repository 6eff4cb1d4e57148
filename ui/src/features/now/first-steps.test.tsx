import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { CheckedProvider, Provider, Session } from "@/api/types";
import { FirstSteps } from "@/features/now/first-steps";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const aProvider = (change: Partial<Provider> = {}): Provider => ({ name: "openai", kind: "openai", base_url: "", credential: "stored", declared: false, models: null, allow_private: false, problem: null, version: 1, ...change });

/** The first steps of an admin's empty workspace; which provider is to be changed is written down. */
function shown(providers: Provider[], checked: Partial<CheckedProvider>) {
  server.use(
    http.get("*/api/v1/providers", () => HttpResponse.json({ items: providers, next: null })),
    http.get("*/api/v1/settings", () => HttpResponse.json({ workspace: { name: "default", version: 1 } })),
    http.post("*/api/v1/providers/:name/check", () => HttpResponse.json({ outcome: "well", words: null, status: 200, took_ms: 80, models: 3, offers: [], ...checked })),
  );
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role: "owner" } } as Session);
  renderPart(<FirstSteps teach={(number) => <p>step {number}</p>} provide={(_, provider) => <p>asked for {provider?.name ?? "a new one"}</p>} />, client);
}

test("the step of the provider is done by one that lets us in", async () => {
  shown([aProvider()], {});
  await within(await screen.findByRole("list", { name: "Providers" })).findByText("It lets us in: answered in 80 ms, offers 3 models.");
  expect(screen.getByLabelText("done")).toBeInTheDocument();
  expect(screen.getByText("step 3")).toBeInTheDocument();
});

test("a provider that refuses its key leaves the step open, says why and is mended there", async () => {
  shown([aProvider()], { outcome: "refused", words: "openai does not accept the secret (401)" });
  await screen.findByText("openai does not accept the secret (401)");
  expect(screen.queryByLabelText("done")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Change openai" }));
  expect(await screen.findByText("asked for openai")).toBeInTheDocument();
});
