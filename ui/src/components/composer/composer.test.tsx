import { fireEvent, screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { Composer } from "@/components/composer/composer";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

/** As the server answers: by part of the name, so many at the most. */
const answer = (all: string[]) => ({ request }: { request: Request }) => {
  const query = new URL(request.url).searchParams;
  const found = all.filter((name) => name.toLowerCase().includes((query.get("q") ?? "").toLowerCase()));
  return HttpResponse.json({ items: found.slice(0, Number(query.get("limit"))).map((name) => ({ id: name, name })), next: null, present: all.length, retired: 0 });
};

test("of hundreds of agents an @ finds each by what is typed, also by a name with a space in it", async () => {
  server.use(
    http.get("*/api/v1/members", answer(["Ana"])),
    http.get("*/api/v1/agents/names", answer([...Array.from({ length: 600 }, (_, at) => `bot-${String(at).padStart(3, "0")}`), "zeta two"])),
    http.post("*/api/v1/comments/preview", () => HttpResponse.json({ mentions: [] })),
  );
  renderPart(<Composer label="Comment" act="Send" onSend={() => Promise.resolve()} />);
  const field = await screen.findByRole("textbox", { name: "Comment" });
  fireEvent.change(field, { target: { value: "@" } });
  expect(await screen.findByRole("option", { name: /Ana/ })).toBeInTheDocument();
  expect(await screen.findByRole("option", { name: /bot-000/ })).toBeInTheDocument();
  fireEvent.change(field, { target: { value: "@zeta t" } });
  fireEvent.mouseDown(await screen.findByRole("option", { name: /zeta two/ }));
  expect(field).toHaveValue("@zeta two ");
});
