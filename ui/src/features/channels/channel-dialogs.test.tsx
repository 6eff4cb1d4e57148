import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { sessionQuery } from "@/api/session";
import type { Channel, Delivery, Session } from "@/api/types";
import { ChangeChannelDialog } from "@/features/channels/change-channel-dialog";
import { DeliveriesDialog } from "@/features/channels/deliveries-dialog";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const KINDS = ["review.approved", "review.rejected", "task.moved"].map((kind) => ({ kind, group: "Work", name: `When ${kind}` }));
const channel: Channel = {
  id: "chn_1",
  name: "ops hook",
  kind: "webhook",
  shared: true,
  shown: "https://hooks.example/…",
  kinds: ["review.*"],
  enabled: true,
  allow_private: false,
  declared: false,
  created_at: "2026-11-23T10:00:00.000000Z",
  last_ok_at: null,
  last_failed_at: null,
  last_error: null,
  waiting: 0,
  dead: 1,
  version: 4,
};
const aDelivery = (change: Partial<Delivery>): Delivery => ({
  id: "dlv_1",
  channel_id: "chn_1",
  kind: "task.moved",
  state: "delivered",
  attempts: 1,
  next_at: null,
  last_status: 200,
  last_error: null,
  created_at: "2026-11-23T10:00:00.000000Z",
  done_at: null,
  payload: {},
  ...change,
});

function signedIn() {
  server.use(http.get("*/api/v1/notifications/kinds", () => HttpResponse.json({ items: KINDS })));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery.queryKey, { member: { role: "admin" } } as Session);
  return client;
}

async function changing() {
  const sent: unknown[] = [];
  server.use(
    http.patch("*/api/v1/channels/chn_1", async ({ request }) => {
      sent.push([request.headers.get("if-match"), await request.json()]);
      return HttpResponse.json(channel);
    }),
  );
  renderPart(<ChangeChannelDialog channel={channel} onClose={() => undefined} />, signedIn());
  await screen.findByLabelText("When task.moved");
  return sent;
}

test("a channel is renamed and turned off while its address and its patterns of kinds stay", async () => {
  const sent = await changing();
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "night hook" } });
  fireEvent.click(screen.getByLabelText("It is on"));
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent).toEqual([['"4"', { name: "night hook", enabled: false, allow_private: false }]]));
});

test("what else is ticked or typed is sent", async () => {
  const sent = await changing();
  fireEvent.click(screen.getByLabelText("When task.moved"));
  fireEvent.change(screen.getByLabelText("New address"), { target: { value: "https://new.example/hook" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  const kinds = ["review.approved", "review.rejected", "task.moved"];
  await waitFor(() => expect(sent).toEqual([['"4"', { name: "ops hook", enabled: true, url: "https://new.example/hook", kinds, allow_private: false }]]));
});

test("deliveries say how they went, and one that was given up is tried again", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get("*/api/v1/channels/chn_1/deliveries", () =>
      HttpResponse.json({ items: [aDelivery({ id: "dlv_2", state: "dead", attempts: 8, last_status: 503, last_error: "no answer" }), aDelivery({ kind: "channel.test" })], next: null }),
    ),
    http.post("*/api/v1/channels/chn_1/replay", ({ request }) => {
      asked.push(new URL(request.url).searchParams.get("delivery_id"));
      return HttpResponse.json({ count: 1 });
    }),
  );
  renderPart(<DeliveriesDialog channel={channel} onClose={() => undefined} />, signedIn());
  await screen.findByText(/given up, 8 attempts, answered 503/);
  expect(screen.getByText("no answer")).toBeVisible();
  expect(screen.getByText(/^A test/)).toBeVisible();
  fireEvent.click(screen.getByRole("button", { name: "Send again" }));
  await waitFor(() => expect(asked).toEqual(["dlv_2"]));
});
