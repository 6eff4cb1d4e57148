import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import type { NotificationRule } from "@/api/types";
import { EVERYTHING } from "@/features/notifications/rule-words";
import { Rules } from "@/features/notifications/rules";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

test("a rule that is refused stays in its form with the reason, and replaces the one it was once it is taken", async () => {
  for (const path of ["agents/names", "projects", "notifications/kinds"]) server.use(http.get(`*/api/v1/${path}`, () => HttpResponse.json({ items: [], next: null })));
  const told: NotificationRule[][] = [];
  const change = (rules: NotificationRule[]) => (told.push(rules) === 1 ? Promise.reject(new Error("changed elsewhere")) : Promise.resolve());
  const rules: NotificationRule[] = [{ ...EVERYTHING, how: "digest" }, { ...EVERYTHING, at_least: "urgent" }];
  renderPart(<Rules rules={rules} channels={[]} kinds={[]} onChange={change} />);
  fireEvent.click(await screen.findByRole("button", { name: "Change rule 2" }));
  fireEvent.change(await screen.findByLabelText("When"), { target: { value: "mute" } });
  fireEvent.click(screen.getByRole("button", { name: "Save rule" }));
  await screen.findByText("changed elsewhere");
  expect(screen.getByLabelText("When")).toHaveValue("mute");
  fireEvent.click(screen.getByRole("button", { name: "Save rule" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const after = [rules[0], { ...rules[1], how: "mute", in_app: false }];
  expect(told).toEqual([after, after]);
});
