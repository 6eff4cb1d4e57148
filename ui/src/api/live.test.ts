import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { LiveStream } from "@/api/live";

/** Stands in for the browser's own EventSource, which jsdom lacks. */
class FakeSource {
  static made: FakeSource[] = [];
  static readonly CLOSED = 2;
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;
  private readonly heard = new Map<string, (message: { data: string }) => void>();
  constructor(readonly url: string) {
    FakeSource.made.push(this);
  }
  addEventListener(kind: string, listener: (message: { data: string }) => void) {
    this.heard.set(kind, listener);
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  fail(state: 0 | 2) {
    this.readyState = state;
    this.onerror?.();
  }
  send(kind: string, data: string) {
    this.heard.get(kind)?.({ data });
  }
  close() {
    this.readyState = 2;
  }
}

const newest = (): FakeSource => {
  const source = FakeSource.made.at(-1);
  if (!source) throw new Error("no stream was opened");
  return source;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("window", new EventTarget());
  FakeSource.made = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function started() {
  const onOpen = vi.fn();
  const stream = new LiveStream("/events", onOpen);
  stream.start();
  return { stream, onOpen };
}

test("it is live once the stream opens, and what was read before is read again", () => {
  const { stream, onOpen } = started();
  expect(stream.state).toBe("connecting");
  newest().open();
  expect(stream.state).toBe("live");
  expect(onOpen).toHaveBeenCalledOnce();
});

test("events of any kind reach the listener; what is not JSON is passed over", () => {
  const { stream } = started();
  const heard = vi.fn();
  stream.listen(heard);
  newest().send("task.moved", JSON.stringify({ seq: 7, kind: "task.moved" }));
  newest().send("task.moved", "{");
  expect(heard).toHaveBeenCalledExactlyOnceWith({ seq: 7, kind: "task.moved" });
});

test("a stream that comes back at once was never lost", () => {
  const { stream } = started();
  newest().open();
  newest().fail(0);
  vi.advanceTimersByTime(1_200);
  newest().open();
  vi.advanceTimersByTime(5_000);
  expect(stream.state).toBe("live");
});

test("a loss is shown, and over by itself", () => {
  const { stream, onOpen } = started();
  newest().open();
  newest().fail(0);
  vi.advanceTimersByTime(1_600);
  expect(stream.state).toBe("lost");
  newest().open();
  expect(stream.state).toBe("live");
  expect(onOpen).toHaveBeenCalledTimes(2);
});

test("where the browser gives up, it is tried again, ever more calmly", () => {
  started();
  for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
    const before = FakeSource.made.length;
    newest().fail(2);
    vi.advanceTimersByTime(wait - 1);
    expect(FakeSource.made).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(FakeSource.made).toHaveLength(before + 1);
  }
});

test("nothing is tried after the page has gone", () => {
  const { stream } = started();
  newest().fail(2);
  stream.stop();
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.made).toHaveLength(1);
});

test("what is asked for waits for the stream, not for one that is refused or slow", async () => {
  const settled = async (how: (stream: LiveStream) => void): Promise<boolean> => {
    const { stream } = started();
    let ready = false;
    void stream.ready().then(() => (ready = true));
    await vi.advanceTimersByTimeAsync(900);
    expect(ready).toBe(false);
    how(stream);
    await vi.advanceTimersByTimeAsync(0);
    return ready;
  };
  expect(await settled(() => newest().open())).toBe(true);
  expect(await settled(() => newest().fail(2))).toBe(true);
  expect(await settled((stream) => stream.stop())).toBe(true);
  expect(await settled(() => vi.advanceTimersByTime(100))).toBe(true);
});
