import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { membersQuery } from "@/api/members";
import { sessionQuery } from "@/api/session";
import type { Duties, Member, Role, Session } from "@/api/types";
import { Members } from "@/features/settings/members";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

const aMember = (id: string, name: string, role: Role): Member => ({ id, name, role, email: `${name}@example.com`, created_at: "2026-11-23T10:00:00.000000Z", password_set: true, declared: false, version: 7 });
const sam = aMember("mem_1", "Sam", "owner");
const ana = aMember("mem_2", "Ana", "admin");
const people = [sam, ana, aMember("mem_3", "Ben", "operator"), { ...aMember("mem_4", "Dee", "operator"), declared: true }];
const aSession = ({ id, name, email, role }: Member): Session => ({ csrf: null, member: { id, name, email, role }, password_set: true, workspace: { id: "ws_1", name: "Home" } });
const HANGS: Duties = { tasks: ["tsk_1", "tsk_2"], reviews: [], agents: [], schedules: [], projects: [], goals: [] };

async function seenBy(me: Member) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  client.setQueryData(sessionQuery.queryKey, aSession(me));
  client.setQueryData(membersQuery.queryKey, { pages: [{ items: people, next: null }], pageParams: [null] });
  server.use(http.get("*/api/v1/members", () => HttpResponse.json({ items: people, next: null })), http.get("*/api/v1/session", () => HttpResponse.json(aSession(me))));
  const shown = renderPart(<Members />, client);
  await screen.findByRole("table", { name: "Members" });
  return shown;
}

test("an owner gives every role and an admin none to owners, nor makes one", async () => {
  const { unmount } = await seenBy(sam);
  fireEvent.click(screen.getByRole("button", { name: "Change Ana" }));
  const roles = within(await screen.findByRole("dialog")).getAllByRole("option").map((each) => each.textContent);
  expect(roles).toEqual(["Owner", "Admin", "Operator", "Reviewer", "Viewer"]);
  unmount();
  await seenBy(ana);
  expect(screen.queryByRole("button", { name: "Change Sam" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Remove Sam" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Change Ben" }));
  expect(within(await screen.findByRole("dialog")).queryByRole("option", { name: "Owner" })).toBeNull();
});

test("a role is changed from the version that was seen, and a refusal stands in the server's words", async () => {
  const asked: unknown[] = [];
  server.use(
    http.patch("*/api/v1/members/mem_1", async ({ request }) => {
      asked.push([request.headers.get("if-match"), await request.json()]);
      return HttpResponse.json({ status: 409, title: "Changed", code: "last_owner", detail: "A workspace keeps at least one owner." }, { status: 409 });
    }),
  );
  await seenBy(sam);
  fireEvent.click(screen.getByRole("button", { name: "Change Sam" }));
  fireEvent.change(await screen.findByLabelText("Role"), { target: { value: "viewer" } });
  expect(screen.getByLabelText("Role")).toHaveAccessibleDescription("Reads all but the bodies of calls.");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("A workspace keeps at least one owner.");
  expect(asked).toEqual([['"7"', { name: "Sam", role: "viewer" }]]);
});

test("who answers for something is removed only with somebody who takes it", async () => {
  const gone: (string | null)[] = [];
  server.use(
    http.get("*/api/v1/members/mem_3/duties", () => HttpResponse.json(HANGS)),
    http.delete("*/api/v1/members/mem_3", ({ request }) => {
      gone.push(new URL(request.url).searchParams.get("reassign_to"));
      return new HttpResponse(null, { status: 204 });
    }),
  );
  await seenBy(sam);
  expect(screen.queryByRole("button", { name: "Remove Sam" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Remove Ben" }));
  const heir = await screen.findByLabelText("Who takes it");
  expect(heir).toBeRequired();
  await screen.findByRole("option", { name: "Ana" });
  expect(screen.getByText("2 open tasks")).toBeInTheDocument();
  fireEvent.change(heir, { target: { value: "mem_2" } });
  expect(screen.getByText("From Ben this passes to Ana:")).toBeInTheDocument();
  fireEvent.click(screen.getByRole("button", { name: "Remove" }));
  await screen.findByText("Ben is removed. Ana has what they answered for.");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(gone).toEqual(["mem_2"]);
});

test("whom the file declares is let in here, and changed and removed there", async () => {
  await seenBy(sam);
  const dee = within(screen.getByRole("row", { name: /Dee/ }));
  expect(dee.getByText("from quarterdeck.toml")).toBeInTheDocument();
  expect(dee.getAllByRole("button").map((each) => each.getAttribute("aria-label"))).toEqual(["Make a sign-in link for Dee"]);
});
