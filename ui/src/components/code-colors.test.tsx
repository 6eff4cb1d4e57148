import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { Markdown } from "@/components/markdown";
import { renderPart } from "@/testing/render";

test("code in a text is coloured where its language is known, and stays the text that it is", async () => {
  renderPart(<Markdown text={'```python\ndef hello():\n    return "<b>"\n```\n\n```nolang\ndef other()\n```'} />);
  const word = await screen.findByText("def");
  expect(word).toHaveClass("hljs-keyword");
  expect(word.closest("code")).toHaveTextContent('def hello(): return "<b>"');
  expect(document.querySelector("b")).toBeNull();
  expect(screen.getByText("def other()").tagName).toBe("CODE");
});
