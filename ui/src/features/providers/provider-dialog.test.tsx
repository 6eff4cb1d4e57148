import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import type { ReactElement } from "react";
import { expect, test } from "vitest";

import type { Provider } from "@/api/types";
import { ProviderAsked, ProviderDialog } from "@/features/providers/provider-dialog";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const aProvider = (version: number): Provider => ({ name: "openai", kind: "openai", base_url: "https://api.openai.com/v1", credential: "stored", declared: false, models: null, allow_private: false, problem: null, version });
const KINDS = [
  { kind: "openai", title: "OpenAI", base_url: "https://api.openai.com/v1", dialects: [], needs_secret: true },
  { kind: "groq", title: "Groq", base_url: "https://api.groq.com/openai/v1", dialects: [], needs_secret: true },
  { kind: "openai-compatible", title: "OpenAI-compatible", base_url: null, dialects: [], needs_secret: false },
];
const REFUSED = "openai does not accept the secret (401): Incorrect API key provided.";

/** The dialog before a provider that takes one key; what is written is kept. */
async function shown(part?: ReactElement) {
  const written: [string, unknown][] = [];
  let secret = "";
  const keep = async ({ request }: { request: Request }) => {
    const body = (await request.json()) as { secret: string };
    written.push([request.method, body]);
    secret = body.secret;
    return HttpResponse.json(aProvider(written.length));
  };
  server.use(
    http.get("*/api/v1/providers/kinds", () => HttpResponse.json({ items: KINDS, next: null })),
    http.get("*/api/v1/providers", () => HttpResponse.json({ items: [], next: null })),
    http.post("*/api/v1/providers", keep),
    http.patch("*/api/v1/providers/openai", keep),
    http.post("*/api/v1/providers/openai/check", () =>
      HttpResponse.json(secret === "right" ? { outcome: "well", words: null, status: 200, took_ms: 80, models: 3, offers: [] } : { outcome: "refused", words: REFUSED, status: 401, took_ms: 80, models: null, offers: [] }),
    ),
  );
  let closed = 0;
  renderPart(part ?? <ProviderDialog onClose={() => closed++} />);
  await screen.findByLabelText("Kind");
  return { written, closed: () => closed };
}

const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

test("a key that the provider refuses is told at the key, and another one is tried in the same place", async () => {
  const { written, closed } = await shown();
  type("Its API key", "wrong");
  fireEvent.click(screen.getByRole("button", { name: "Add provider" }));
  await waitFor(() => expect(screen.getByLabelText("Its API key")).toHaveAccessibleDescription(REFUSED));
  expect(screen.getByRole("alert")).toHaveTextContent("It is saved, but calls to it fail until this is mended.");
  expect(closed()).toBe(0);
  type("Its API key", "right");
  fireEvent.click(screen.getByRole("button", { name: "Save and try again" }));
  await screen.findByText("It lets us in: answered in 80 ms, offers 3 models.");
  expect(closed()).toBe(1);
  expect(written.map(([method]) => method)).toEqual(["POST", "PATCH"]);
});

test("a kind without an address of its own is asked for one at once, one with an address only for its key", async () => {
  await shown();
  expect(screen.getByLabelText("Address").closest("details")).not.toHaveAttribute("open");
  fireEvent.change(screen.getByLabelText("Kind"), { target: { value: "openai-compatible" } });
  expect(screen.getByLabelText("Address")).toBeRequired();
  expect(screen.getByLabelText("Address").closest("details")).toBeNull();
});

test("a kind that was chosen stays, however the key begins", async () => {
  await shown();
  type("Kind", "openai-compatible");
  type("Address", "https://proxy.example.com/v1");
  type("Its API key", "gsk_of-the-proxy");
  expect(screen.getByLabelText("Kind")).toHaveValue("openai-compatible");
  expect(screen.getByLabelText("Address")).toHaveValue("https://proxy.example.com/v1");
});

test("in place a key is enough: it tells the kind, and the box for a private address comes when one is typed", async () => {
  const { written } = await shown(<ProviderAsked provider={undefined} />);
  expect(screen.queryByLabelText("Its address is in a private network")).toBeNull();
  type("Address", "http://127.0.0.1:11434/v1");
  expect(screen.getByLabelText("Its address is in a private network")).not.toBeChecked();
  type("Address", "");
  type("Its API key", "gsk_wrong");
  expect(screen.getByLabelText("Kind")).toHaveValue("groq");
  type("Its API key", "wrong");
  fireEvent.click(screen.getByRole("button", { name: "Test and add" }));
  await waitFor(() => expect(screen.getByLabelText("Its API key")).toHaveAccessibleDescription(REFUSED));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(written[0]?.[1]).toEqual({ name: "groq", kind: "groq", secret: "wrong", allow_private: false });
});
