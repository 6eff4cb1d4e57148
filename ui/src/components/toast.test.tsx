import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Toasts, toast } from "@/components/toast";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
});

const said = (words: string) => screen.queryByText(words) !== null;
const later = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms);
};

function shown(...words: string[]): void {
  render(<Toasts />);
  for (const text of words) toast({ text, action: { label: `Undo ${text}`, act: vi.fn() } });
}

test("what was said goes after a while, what went wrong later", async () => {
  shown("Paused");
  toast({ text: "Refused", tone: "wrong" });
  await vi.waitFor(() => expect(said("Paused") && said("Refused")).toBe(true));
  await later(7_000);
  expect([said("Paused"), said("Refused")]).toEqual([false, true]);
  await later(3_000);
  expect(said("Refused")).toBe(false);
});

test("nothing goes from under a pointer or from what has the focus, and all goes once it is left", async () => {
  shown("Paused", "Moved");
  await vi.waitFor(() => expect(said("Moved")).toBe(true));
  for (const [come, go] of [["pointerOver", "pointerOut"], ["focus", "blur"]] as const) {
    fireEvent[come](screen.getByRole("button", { name: "Undo Moved" }));
    await later(30_000);
    expect([said("Paused"), said("Moved")]).toEqual([true, true]);
    fireEvent[go](screen.getByRole("button", { name: "Undo Moved" }));
    await later(3_000);
    expect(said("Moved")).toBe(true);
  }
  fireEvent.focus(screen.getByRole("button", { name: "Undo Moved" }));
  fireEvent.click(screen.getByRole("button", { name: "Undo Moved" }));
  await later(7_000);
  expect([said("Paused"), said("Moved")]).toEqual([false, false]);
});

test("what somebody is at is not pushed out by others, and a pointer that passes does not take it from the keyboard", async () => {
  shown("Moved");
  await vi.waitFor(() => expect(said("Moved")).toBe(true));
  const undo = screen.getByRole("button", { name: "Undo Moved" });
  fireEvent.pointerOver(undo);
  for (const text of ["One", "Two", "Three", "Four"]) toast({ text });
  await vi.waitFor(() => expect(said("Four")).toBe(true));
  expect(said("Moved")).toBe(true);
  undo.focus();
  fireEvent.pointerOut(undo);
  await later(30_000);
  expect(said("Moved")).toBe(true);
  undo.blur();
  await later(7_000);
  expect([said("Moved"), said("Four")]).toEqual([false, false]);
});
