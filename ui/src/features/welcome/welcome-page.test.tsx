import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Agent, CheckedProvider, Provider, Session } from "@/api/types";
import { WelcomePage } from "@/features/welcome/welcome-page";
import { renderPart } from "@/testing/render";
import { anAgent } from "@/testing/rows";
import { server } from "@/testing/server";

const aProvider = (change: Partial<Provider> = {}): Provider => ({ name: "openai", kind: "openai", base_url: "", credential: "stored", declared: false, models: null, allow_private: false, problem: null, version: 1, ...change });
const uncalled = (change: Partial<Agent> = {}) => anAgent({ last_call_at: null, last_call: null, ...change });

type World = { name?: string; providers?: Provider[]; checked?: Partial<CheckedProvider>; agents?: Agent[] };

/** The first steps over a workspace that stands so; which writes came is kept. */
function shown({ name = "default", providers = [], checked = {}, agents = [] }: World) {
  const written: string[] = [];
  let called = name;
  server.use(
    http.get("*/api/v1/agents/urgent", () => HttpResponse.json({ items: agents, runs: [], present: agents.length, stands: [], today: { cost_nano: 0, unpriced_calls: 0 } })),
    http.get("*/api/v1/providers", () => HttpResponse.json({ items: providers, next: null })),
    http.get("*/api/v1/settings", () => HttpResponse.json({ workspace: { name: called, version: 1 } })),
    http.patch("*/api/v1/settings", async ({ request }) => {
      called = ((await request.json()) as { name: string }).name;
      return HttpResponse.json({ workspace: { name: called, version: 2 } });
    }),
    http.post("*/api/v1/providers/:name/check", () => HttpResponse.json({ outcome: "well", words: null, status: 200, took_ms: 80, models: 3, offers: [], ...checked })),
    http.get("*/api/v1/keys", () => HttpResponse.json({ items: [{ id: "key_lost", state: "active", run_id: null, last_used_at: null, declared: false }], next: null })),
    http.post("*/api/v1/keys/:id/rotate", ({ params }) => {
      written.push(`rotate ${String(params.id)}`);
      return HttpResponse.json({ secret: "qd-a-new" });
    }),
  );
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role: "owner" } } as Session);
  renderPart(
    <WelcomePage
      head={(done) => <p>{done ? "called" : "not called"}</p>}
      provide={(provider, problem) => <p>{provider ? `mend ${provider.name}: ${problem?.words ?? ""}` : "a new one"}</p>}
      make={(wanted) => Promise.resolve({ agent: uncalled({ name: wanted }), secret: "qd-a-first" })}
      connect={({ agent, secret }) => (
        <p>
          lines of {agent.name} with {secret}
        </p>
      )}
      wait={(agent) => <p>waits for {agent.name}</p>}
    />,
    client,
  );
  return { written };
}

test("a step is open at a time: named, the workspace is asked for a provider", async () => {
  shown({});
  const field = await screen.findByLabelText("Name of the workspace");
  expect(field).toHaveFocus();
  expect(screen.queryByText("a new one")).toBeNull();
  fireEvent.change(field, { target: { value: "Acme" } });
  fireEvent.click(screen.getByRole("button", { name: "Continue" }));
  await screen.findByText("a new one");
  expect(screen.getByRole("heading", { name: "Acme" })).toBeInTheDocument();
  expect(screen.getAllByLabelText("done")).toHaveLength(1);
});

test("whoever comes back where a provider refuses its key goes on there, and may use another one", async () => {
  shown({ name: "Acme", providers: [aProvider()], checked: { outcome: "refused", words: "It does not accept the key." } });
  await screen.findByText("mend openai: It does not accept the key.");
  expect(screen.queryByLabelText("Name of the agent")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Use another one instead" }));
  await screen.findByText("a new one");
  fireEvent.click(screen.getByRole("button", { name: "Back to openai" }));
  await screen.findByText(/^mend openai/);
});

test("a provider of the file that does not work is told, and another one is asked for: here it cannot be mended", async () => {
  shown({ name: "Acme", providers: [aProvider({ declared: true, problem: "OPENAI_API_KEY is not set." })] });
  await screen.findByText(/^openai is from quarterdeck.toml: .* OPENAI_API_KEY is not set.$/);
  expect(screen.getByText("a new one")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /instead/ })).toBeNull();
});

test("with a provider that lets us in, an agent gets a key and lines with it in them", async () => {
  shown({ name: "Acme", providers: [aProvider()] });
  const field = await screen.findByLabelText("Name of the agent");
  expect(field).toHaveValue("first-agent");
  fireEvent.click(screen.getByRole("button", { name: "Make its key" }));
  await screen.findByText("lines of first-agent with qd-a-first");
  expect(screen.getByRole("heading", { name: "Make its first call" })).toHaveFocus();
});

test("after the page was loaded anew the lost key is taken out of use by another one", async () => {
  const { written } = shown({ name: "Acme", providers: [aProvider()], agents: [uncalled({ name: "nightly" })] });
  await screen.findByText("waits for nightly");
  fireEvent.click(screen.getByRole("button", { name: "Make another key" }));
  await screen.findByText("lines of nightly with qd-a-new");
  expect(written).toEqual(["rotate key_lost"]);
});
