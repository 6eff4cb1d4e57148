import { useInfiniteQuery } from "@tanstack/react-query";
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { afterEach, expect, test, vi } from "vitest";

import { agentsQuery } from "@/api/agents";
import { MoreRows } from "@/components/more-rows";
import { renderPart } from "@/testing/render";
import { anAgent } from "@/testing/rows";
import { server } from "@/testing/server";

/** Stands in for the window: what is watched comes near when the test says so. */
let near: () => void = () => undefined;

class Watched {
  constructor(told: (entries: { isIntersecting: boolean }[]) => void) {
    near = () => told([{ isIntersecting: true }]);
  }
  observe() {}
  disconnect() {}
}

afterEach(() => vi.unstubAllGlobals());

function Shown() {
  const query = useInfiniteQuery(agentsQuery(false));
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {rows.map(({ id }) => (
        <p key={id}>{id}</p>
      ))}
      <MoreRows query={query} shown={rows.length} of={2} />
    </>
  );
}

test("the next agents come as the reader nears the end, and are asked for again once somebody says so", async () => {
  vi.stubGlobal("IntersectionObserver", Watched);
  let up = false;
  server.use(
    http.get("*/api/v1/agents", ({ request }) => {
      const after = new URL(request.url).searchParams.get("after");
      if (after && !up) return HttpResponse.json({ detail: "The database does not answer." }, { status: 503 });
      return HttpResponse.json({ items: [anAgent({ id: after ? "agt_2" : "agt_1" })], next: after ? null : "agt_1", present: 2, retired: 0 });
    }),
  );
  renderPart(<Shown />);
  expect(await screen.findByText("1 of 2 are shown and sorted. More come as you scroll.")).toBeInTheDocument();
  act(near);
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  up = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("agt_2")).toBeInTheDocument();
  expect(screen.getByText("agt_1")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByText(/are shown/)).toBeNull());
});
