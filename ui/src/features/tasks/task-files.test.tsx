import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { rememberCsrf } from "@/api/client";
import type { Attachment } from "@/api/types";
import { TaskFiles } from "@/features/tasks/task-files";
import { MOST_BYTES, refusal } from "@/features/tasks/use-uploads";
import { renderPart } from "@/testing/render";
import { anAttachment } from "@/testing/rows";
import { server } from "@/testing/server";

const report = () => new File(["a,b\n"], "R&D = 50%.csv", { type: "text/csv" });

/** A task's files as the server keeps them; `put` answers an upload. */
function filesOf(kept: Attachment[], put?: (request: Request) => Promise<Response>, role = "operator") {
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ member: { id: "mem_1", name: "Sam", role }, csrf: "c" })),
    http.get("*/api/v1/tasks/tsk_1/attachments", () => HttpResponse.json({ items: kept })),
    http.delete("*/api/v1/attachments/:id", ({ params }) => {
      kept.splice(0, kept.length, ...kept.filter((each) => each.id !== params.id));
      return new HttpResponse(null, { status: 204 });
    }),
    ...(put ? [http.put("*/api/v1/tasks/tsk_1/attachments/content", ({ request }) => put(request))] : []),
  );
  return renderPart(<TaskFiles taskId="tsk_1" />);
}

const drop = (...files: File[]) => {
  const items = files.map((file) => ({ kind: "file", getAsFile: () => file, webkitGetAsEntry: () => null }));
  fireEvent.drop(document.body, { dataTransfer: { types: ["Files"], items } });
};

test("a file is a way to save it at the API's own address, and never a page", async () => {
  filesOf([anAttachment({ name: "evil.html", media_type: "text/html" })]);
  const link = await screen.findByRole("link", { name: "evil.html" });
  expect(link).toHaveAttribute("href", "/api/v1/attachments/att_1/content");
  expect(link).toHaveAttribute("download", "evil.html");
  expect(link).not.toHaveAttribute("target");
});

test("files that are chosen are sent as they are, with what guards against forged requests", async () => {
  rememberCsrf("c");
  const kept: Attachment[] = [];
  const { container } = filesOf(kept, async (request) => {
    const name = new URL(request.url).searchParams.get("name") ?? "";
    expect([request.headers.get("x-quarterdeck-csrf"), request.headers.get("content-type"), await request.text()]).toEqual(["c", "text/csv", "a,b\n"]);
    kept.push(anAttachment({ name }));
    return HttpResponse.json(kept[0]);
  });
  await screen.findByRole("button", { name: "Attach files" });
  await userEvent.upload(container.querySelector("input[type=file]") as HTMLInputElement, report());
  expect(await screen.findByRole("link", { name: "R&D = 50%.csv" })).toBeInTheDocument();
  expect(await screen.findByText("R&D = 50%.csv is attached.")).toBeInTheDocument();
  expect(screen.queryByRole("progressbar")).toBeNull();
});

test("a file that is refused says why, and is sent again or left out where it stands", async () => {
  let tries = 0;
  filesOf([], () => {
    tries += 1;
    const problem = { status: 422, code: "invalid", detail: "By its name or type this is a PNG image, but it is a PDF." };
    return Promise.resolve(HttpResponse.json(problem, { status: 422, headers: { "content-type": "application/problem+json" } }));
  });
  await screen.findByRole("button", { name: "Attach files" });
  drop(report());
  expect(await screen.findByRole("alert")).toHaveTextContent("R&D = 50%.csv was not attached: By its name or type this is a PNG image, but it is a PDF.");
  await userEvent.click(screen.getByRole("button", { name: "Try to attach R&D = 50%.csv again" }));
  await waitFor(() => expect(tries).toBe(2));
  await userEvent.click(await screen.findByRole("button", { name: "Leave R&D = 50%.csv out" }));
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what waits or is under way is stopped where it stands, and the next one goes on", async () => {
  const held = Promise.withResolvers<null>();
  const sent: string[] = [];
  const kept: Attachment[] = [];
  filesOf(kept, async (request) => {
    const name = new URL(request.url).searchParams.get("name") ?? "";
    sent.push(name);
    if (name === "first.txt") await held.promise;
    kept.push(anAttachment({ name }));
    return HttpResponse.json(kept.at(-1));
  });
  await screen.findByRole("button", { name: "Attach files" });
  drop(...["first.txt", "second.txt", "third.txt"].map((name) => new File(["x"], name)));
  expect(await screen.findByRole("progressbar", { name: "Attaching first.txt" })).toBeInTheDocument();
  await waitFor(() => expect(sent).toEqual(["first.txt"]));
  await userEvent.click(screen.getByRole("button", { name: "Stop attaching second.txt" }));
  await userEvent.click(screen.getByRole("button", { name: "Stop attaching first.txt" }));
  expect(await screen.findByRole("link", { name: "third.txt" })).toBeInTheDocument();
  expect(sent).toEqual(["first.txt", "third.txt"]);
  held.resolve(null);
});

test("a file is removed after it was asked about", async () => {
  filesOf([anAttachment()]);
  await userEvent.click(await screen.findByRole("button", { name: "Remove figures.csv" }));
  await userEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Remove the file" }));
  await waitFor(() => expect(screen.queryByRole("link", { name: "figures.csv" })).toBeNull());
});

test("who only reads saves files and is offered nothing else", async () => {
  const { client } = filesOf([anAttachment()], undefined, "viewer");
  expect(await screen.findByRole("link", { name: "figures.csv" })).toBeInTheDocument();
  await waitFor(() => expect(client.getQueryData(["session"])).toBeDefined());
  expect(screen.queryByRole("button", { name: "Attach files" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Remove figures.csv" })).toBeNull();
});

test("a file that the server would not take is not sent", () => {
  expect(refusal({ size: MOST_BYTES + 1 })).toMatch(/^it has .* and a file may have .*\.$/);
  expect(refusal({ size: MOST_BYTES })).toBeUndefined();
  expect(refusal({ size: 0 })).toBe("it is empty.");
});
