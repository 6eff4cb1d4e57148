import { readFileSync } from "node:fs";

import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

const file = (path: string): URL => new URL(path, import.meta.url);

test("the client's types are those of openapi.json; when they are not: npm run gen:api", async () => {
  const made = astToString(await openapiTS(file("../../openapi.json"), { alphabetize: true, defaultNonNullable: false }));
  expect(readFileSync(file("./schema.gen.ts"), "utf8")).toContain(made.trim());
}, 20_000);
