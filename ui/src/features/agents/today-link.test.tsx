import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { TodayLink } from "@/features/agents/today-link";
import { renderPart } from "@/testing/render";

test("a figure of an agent's day leads to the calls since midnight UTC, of which it is made", async () => {
  renderPart(
    <>
      <TodayLink agentId="agt_1">12</TodayLink>
      <TodayLink agentId="agt_1" failed>
        3
      </TodayLink>
    </>,
  );
  const asked = async (name: string) => new URL((await screen.findByRole<HTMLAnchorElement>("link", { name })).href).searchParams;
  const midnight = new Date(new Date().setUTCHours(0, 0, 0, 0)).toISOString();
  const [all, failed] = [await asked("12"), await asked("3")];
  expect([all.get("agent"), all.get("from"), all.get("outcome")]).toEqual(["agt_1", midnight, null]);
  expect([failed.get("agent"), failed.get("from"), failed.get("outcome")]).toEqual(["agt_1", midnight, "failed"]);
});
