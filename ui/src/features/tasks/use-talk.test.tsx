import { useQuery } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";

import { commentsQuery } from "@/api/comments";
import { Composer } from "@/components/composer/composer";
import { stillSending, useTalk } from "@/features/tasks/use-talk";
import { renderPart } from "@/testing/render";
import { aComment } from "@/testing/rows";
import { server } from "@/testing/server";

function Talk() {
  const { data } = useQuery(commentsQuery("tsk_1"));
  const { write, sending } = useTalk("tsk_1", data);
  return (
    <>
      <Composer label="Comment" act="Send" shownElsewhere onSend={write} />
      <ul>
        {sending.map((body) => (
          <li key={body}>sending {body}</li>
        ))}
        {data?.map((comment) => (
          <li key={comment.id}>said {comment.body}</li>
        ))}
      </ul>
    </>
  );
}

async function talking(answer: () => Promise<Response>) {
  server.use(
    http.get("*/api/v1/members", () => HttpResponse.json({ items: [], next: null })),
    http.get("*/api/v1/agents/names", () => HttpResponse.json({ items: [], present: 0 })),
    http.get("*/api/v1/tasks/:id/comments", () => HttpResponse.json({ items: [], next: null })),
    http.post("*/api/v1/tasks/:id/comments", answer),
  );
  renderPart(<Talk />);
  const field = await screen.findByRole("textbox", { name: "Comment" });
  await userEvent.type(field, "Look here{Control>}{Enter}{/Control}");
  return field;
}

test("what is said stands in the list before the server has answered, and is its row after", async () => {
  const held = Promise.withResolvers<null>();
  const field = await talking(async () => {
    await held.promise;
    return HttpResponse.json(aComment({ id: "com_9", body: "Look here" }), { status: 201 });
  });
  expect(await screen.findByText("sending Look here")).toBeInTheDocument();
  expect(field).toHaveValue("");
  held.resolve(null);
  expect(await screen.findByText("said Look here")).toBeInTheDocument();
  await waitFor(() => expect(screen.queryByText("sending Look here")).toBeNull());
});

test("what was refused is back in the field with the reason, above what was begun since", async () => {
  const held = Promise.withResolvers<null>();
  const field = await talking(async () => {
    await held.promise;
    return HttpResponse.json({ status: 422, code: "invalid", detail: "That is too long." }, { status: 422, headers: { "content-type": "application/problem+json" } });
  });
  await userEvent.type(field, "And there");
  held.resolve(null);
  expect(await screen.findByRole("alert")).toHaveTextContent("That is too long.");
  expect(field).toHaveValue("Look here\n\nAnd there");
  expect(screen.queryByText("sending Look here")).toBeNull();
});

test("a comment that the live stream brought first is not shown twice", () => {
  const sent = [{ body: "Look here", known: ["com_1"] }];
  expect(stillSending(sent, [aComment({ id: "com_1", body: "Look here" })])).toEqual(["Look here"]);
  expect(stillSending(sent, [aComment({ id: "com_2", body: "Look here" })])).toEqual([]);
});
