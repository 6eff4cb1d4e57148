import { readFileSync } from "node:fs";

import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

import { constants } from "@/api/constants.gen";

const file = (path: string): URL => new URL(path, import.meta.url);

test("the client's types are those of openapi.json; when they are not: npm run gen:api", async () => {
  const made = astToString(await openapiTS(file("../../openapi.json"), { alphabetize: true, defaultNonNullable: false }));
  expect(readFileSync(file("./schema.gen.ts"), "utf8")).toContain(made.trim());
}, 20_000);

test("the client's constants are those of openapi.json, too", () => {
  const told = (JSON.parse(readFileSync(file("../../openapi.json"), "utf8")) as { "x-constants": unknown })["x-constants"];
  expect(constants).toEqual(told);
});
