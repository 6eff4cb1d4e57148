import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { Money } from "@/components/figures";

test("an unknown price is unpriced, never zero", () => {
  const { container } = render(<Money nano={null} />);
  expect(container).toHaveTextContent("unpriced");
  expect(container).not.toHaveTextContent("0");
});

test("a sum of nothing but unpriced calls is unpriced too", () => {
  render(<Money nano={0} unpriced={3} />);
  expect(screen.getByTitle("3 calls of a model without a known price")).toHaveTextContent("unpriced");
});

test("a sum that misses some calls is at least so much", () => {
  const { container } = render(<Money nano={4_120_000_000} unpriced={2} />);
  expect(container).toHaveTextContent("≥at least $4.12");
});

test("an estimate is marked, and its exact amount is one hover away", () => {
  render(<Money nano={4_100_000} estimated />);
  const shown = screen.getByTitle(/\$0\.004100000 · estimated/);
  expect(shown).toHaveTextContent("≈");
});

test("free is free", () => {
  const { container } = render(<Money nano={0} />);
  expect(container).toHaveTextContent("$0.00");
});
