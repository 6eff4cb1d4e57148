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

/** What `main` goes on to is asked for with the page, not only when `main` has run. */
function drawnBy(start: string): Plugin {
  return {
    name: "preload-what-draws",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
        const found = chunks.find((each) => each.facadeModuleId?.endsWith(start));
        if (!found) throw new Error(`${start} is not in a file of its own`);
        return [found.fileName, ...found.imports]
          .map((file) => `/${file}`)
          .filter((href) => !html.includes(href))
          .map((href) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href }, injectTo: "head" as const }));
      },
    },
  };
}

/** What pages have in common and Now shows too, in one file; not the parts and words of one or two other pages. */
const APART = [
  "markdown-text|code-colors|virtual-table|data-table|stacked-bars|runs-table|keys-table|latest-calls",
  "brush-bars|latency-bars|chart-parts|drafts|replay[\\\\/]|share[\\\\/]|signal-rules[\\\\/]|channels[\\\\/]|key-route-dialog|scope-value",
  "(?:agent-templates|audit|call-fields|channels|costs|goals|holds|latency|limits|notifications|replays|runs|schedules|settings|shares|signal-rules|templates|unclaimed)\\.ts",
].join("|");
const SHARED = new RegExp(`src[\\\\/](?:api[\\\\/]|(?:lib|strings|components)[\\\\/](?!${APART}))`);
/** What asks for the page's data and hears of changes, and draws nothing: it runs while the rest is still being loaded. */
const FIRST = [
  "vite[\\/]preload-helper",
  "node_modules[\\/](?:@tanstack[\\/]query-core|openapi-fetch|@tanstack[\\/]react-query[\\/].*[qQ]ueryOptions\\.js)",
  "src[\\/](?:api[\\/](?!agent-acts|live-hooks|may)|strings[\\/]common|components[\\/]time-bars|lib[\\/](?:format|phone|search)\\.ts)",
  "src[\\/]features[\\/](?:[a-z]+[\\/]queries|now[\\/]minutes|tasks[\\/](?:show-move|board-moves))\\.ts",
].join("|");

export default defineConfig({
  plugins: [react(), tailwindcss(), contentSecurityPolicy(), drawnBy("src/app/start.tsx")],
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
            { name: "first", test: new RegExp(FIRST), priority: 4 },
            { name: "platform", test: /node_modules[\\/](react|react-dom|scheduler|@tanstack[\\/](react-query|router-core|react-router|history|store|react-store))[\\/]/, priority: 3 },
            { name: "shared", test: SHARED, priority: 2 },
            // A sign of 200 bytes is not worth a request.
            { name: "signs", test: /node_modules[\/]lucide-react[\/]/, minShareCount: 2, priority: 1 },
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
