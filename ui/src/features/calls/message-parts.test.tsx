import { render, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { ErrorPart, MessagePart } from "@/features/calls/message-parts";

const EVIL = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> [go](javascript:alert(1)) ![p](https://evil.example/p.png)';

test("markup in a model's answer stays text, and nothing is fetched because a model says so", async () => {
  const { container } = render(<MessagePart part={{ kind: "text", text: `**bold** ${EVIL}` }} plain={false} />);
  await waitFor(() => expect(container.querySelector("strong")).toHaveTextContent("bold"));
  expect(container.querySelector("script,img,iframe")).toBeNull();
  expect(container.querySelector("a[href^=javascript]")).toBeNull();
  expect(window).not.toHaveProperty("hacked");
});

test("a tool call is folded with its name and arguments, and laid out inside", () => {
  const { container } = render(<MessagePart part={{ kind: "tool_call", name: "search", arguments: '{"query": "tariff"}' }} plain={false} />);
  expect(screen.getByText("calls search")).toBeInTheDocument();
  expect(container.querySelector("details")).not.toHaveAttribute("open");
  expect(container.querySelector("pre")).toHaveTextContent('{ "query": "tariff" }');
});

test("a very long text is cut, with a way to see all of it", () => {
  render(<MessagePart part={{ kind: "text", text: "x".repeat(10_000) }} plain />);
  expect(screen.getByRole("button", { name: "Show all" })).toBeInTheDocument();
});

test("an error is read as its provider's sentence, with all that came under it", () => {
  const { container } = render(<ErrorPart part={{ kind: "other", raw: { message: "Too long.", code: 400 } }} />);
  expect(screen.getByText("Too long.")).toBeInTheDocument();
  expect(container.querySelector("pre")).toHaveTextContent('"code": 400');
});

test("a kind of part that a newer server knows is shown as it is", () => {
  const { container } = render(<MessagePart part={{ kind: "hologram" as "other", text: "hi" }} plain={false} />);
  expect(container.querySelector("pre")).toHaveTextContent("hologram");
});
