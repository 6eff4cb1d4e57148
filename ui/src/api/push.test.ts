import { expect, test } from "vitest";

import { browserName } from "@/api/push";

test("a browser is called by what it is and where it runs", () => {
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
  expect(browserName(chrome)).toBe("Chrome on Linux");
  expect(browserName(`${chrome.replace("X11; Linux x86_64", "Windows NT 10.0")} Edg/142.0`)).toBe("Edge on Windows");
  expect(browserName("something")).toBe("Browser");
});
