import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const source = fileURLToPath(new URL("./src", import.meta.url));
/** Under the name the browser knows it by: the server refuses to be written to by a page of another origin. */
const server = { target: process.env.QUARTERDECK_URL ?? "http://127.0.0.1:8787", changeOrigin: false };

/** The built page refuses every script that is not ours, even where a proxy in front drops the server's header. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
  "connect-src 'self'; frame-src blob:; object-src 'none'; base-uri 'none'; form-action 'self'";

function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
    ],
  };
}

/** What pages have in common and Now shows too, in one file; not the parts and words of one or two other pages. */
const APART = [
  "markdown-text|code-colors|virtual-table|data-table|stacked-bars|runs-table|keys-table|latest-calls",
  "brush-bars|latency-bars|chart-parts|drafts|replay[\\\\/]|share[\\\\/]|signal-rules[\\\\/]|channels[\\\\/]|key-route-dialog|scope-value",
  "(?:agent-templates|audit|call-fields|channels|costs|goals|holds|latency|limits|notifications|replays|runs|schedules|settings|shares|signal-rules|templates|unclaimed)\\.ts",
].join("|");
const SHARED = new RegExp(`src[\\\\/](?:api[\\\\/]|(?:lib|strings|components)[\\\\/](?!${APART}))`);

export default defineConfig({
  plugins: [react(), tailwindcss(), contentSecurityPolicy()],
  resolve: { alias: { "@": source } },
  base: "/",
  server: { proxy: { "/api": server, "/v1": server } },
  build: {
    outDir: "../src/quarterdeck/web/dist",
    emptyOutDir: true,
    target: "es2023",
    // A data: font or script would need a wider policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "platform", test: /node_modules[\\/](react|react-dom|scheduler|@tanstack[\\/](query-core|react-query|router-core|react-router|history|store|react-store))[\\/]/, priority: 3 },
            { name: "shared", test: SHARED, priority: 2 },
          ],
        },
      },
    },
  },
  test: {
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "parts",
          environment: "jsdom",
          environmentOptions: { jsdom: { url: "http://127.0.0.1:8787/" } },
          setupFiles: ["src/testing/setup.ts"],
          include: ["src/**/*.test.tsx"],
          // One page for all files: making a new one for each costs more than the tests do.
          isolate: false,
          css: false,
          testTimeout: 30_000,
        },
      },
    ],
  },
});
