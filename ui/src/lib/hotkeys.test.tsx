import { createRoot } from "react-dom/client";
import { afterEach, describe, expect, it, vi } from "vitest";

import { useHotkeys } from "@/lib/hotkeys";

function Page({ onA }: { onA: () => void }) {
  useHotkeys({ a: onA });
  return <p>Approve</p>;
}

describe("the keys of a page", () => {
  const host = document.createElement("div");
  afterEach(() => {
    vi.unstubAllGlobals();
    host.remove();
  });

  it("are heard as soon as the page is seen", async () => {
    // As in a browser: nothing runs what React has put off until after the first sight.
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
    document.body.append(host);
    const heard = vi.fn();
    const seen = new Promise<void>((resolve) => {
      new MutationObserver(() => {
        window.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }));
        resolve();
      }).observe(host, { childList: true });
    });
    const root = createRoot(host);
    root.render(<Page onA={heard} />);
    await seen;
    expect(heard).toHaveBeenCalledOnce();
    root.unmount();
  });
});
