// Writes what openapi.json tells as `x-constants` as values for the dashboard. Part of `npm run gen:api`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = (path) => new URL(path, import.meta.url);

export function constantsIn(document) {
  return `// Made of openapi.json by \`npm run gen:api\`; do not change by hand.\nexport const constants = ${JSON.stringify(document["x-constants"], undefined, 2)} as const;\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(file("./src/api/constants.gen.ts"), constantsIn(JSON.parse(readFileSync(file("./openapi.json"), "utf8"))));
}
