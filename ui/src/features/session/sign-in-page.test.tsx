import { fireEvent, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test, vi } from "vitest";

import { SignInPage } from "@/features/session/sign-in-page";
import { renderPart } from "@/testing/render";
import { server } from "@/testing/server";

function shown(status: () => number) {
  const told = { onDone: vi.fn(), forgetToken: vi.fn() };
  server.use(
    http.post("*/api/v1/session/*", () =>
      status() === 200
        ? HttpResponse.json({ member: { id: "mem_1", name: "Sam", role: "owner" }, csrf: "c", password_set: true })
        : HttpResponse.json({ status: status(), detail: "The database does not answer." }, { status: status() }),
    ),
  );
  renderPart(<SignInPage search={{ token: "t1", next: "/board" }} mark={null} {...told} />);
  return told;
}

test("a link that met a failing server is not used up: it opens the door when the server is back", async () => {
  let status = 503;
  const told = shown(() => status);
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  expect(told.forgetToken).not.toHaveBeenCalled();
  status = 200;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(told.onDone).toHaveBeenCalledWith("/board"));
  expect(told.forgetToken).toHaveBeenCalledOnce();
});

test("a link that was used before says how to get another, and is forgotten", async () => {
  const told = shown(() => 401);
  expect(await screen.findByRole("alert")).toHaveTextContent("quarterdeck signin-link");
  expect(told.forgetToken).toHaveBeenCalledOnce();
});
