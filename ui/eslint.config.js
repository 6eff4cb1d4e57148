import { readdirSync } from "node:fs";

import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import checkFile from "eslint-plugin-check-file";
import importX from "eslint-plugin-import-x";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = readdirSync(new URL("./src/features", import.meta.url));

/** shared → features → app; a feature never reaches into another one. */
const zones = [
  ...features.map((name) => ({
    target: `./src/features/${name}`,
    from: "./src/features",
    except: [`./${name}`],
    message: "Features never import each other. Compose them in app/, or move what they share down.",
  })),
  { target: "./src/features", from: "./src/app", message: "Features do not know the app that composes them." },
  {
    target: ["./src/api", "./src/components", "./src/lib", "./src/strings", "./src/styles"],
    from: ["./src/features", "./src/app"],
    message: "Shared code does not know features or the app.",
  },
  { target: "./src/lib", from: ["./src/api", "./src/components"], message: "lib stands below api and components." },
  { target: "./src/strings", from: ["./src/api", "./src/components"], message: "Strings stand below everything." },
];

export default tseslint.config(
  { ignores: ["node_modules", "src/api/schema.gen.ts", "src/api/constants.gen.ts", "gen-constants.js", "public"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js"] }, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "import-x": importX, "check-file": checkFile, "react-hooks": reactHooks },
    settings: { "import-x/resolver-next": [createTypeScriptImportResolver({ project: "./tsconfig.json" })] },
    rules: {
      ...reactHooks.configs.recommended.rules,
      // It speaks about the React compiler, which this build does not use.
      "react-hooks/incompatible-library": "off",
      "import-x/no-cycle": "error",
      "import-x/no-restricted-paths": ["error", { zones }],
      "import-x/order": ["error", { "newlines-between": "always", alphabetize: { order: "asc" } }],
      "import-x/no-duplicates": "error",
      "check-file/filename-naming-convention": ["error", { "**/*.{ts,tsx}": "KEBAB_CASE" }, { ignoreMiddleExtensions: true }],
      "check-file/folder-naming-convention": ["error", { "src/**/": "KEBAB_CASE" }],
      "max-lines": ["error", { max: 400 }],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Nothing an agent wrote becomes HTML." },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
    },
  },
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
