import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import { memo, type ReactElement } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";

const known = createLowlight({ bash, c, cpp, csharp, css, diff, dockerfile, go, ini, java, javascript, json, kotlin, php, python, ruby, rust, sql, swift, typescript, xml, yaml });
/** Longer code is read as it is: colours would take longer than anybody waits. */
const LONGEST = 50_000;

/** Code with its words coloured by what they are, where its language is known. It becomes elements, never HTML. */
const CodeColors = memo(function CodeColors({ code, language }: { code: string; language: string }) {
  const name = language.toLowerCase();
  if (code.length > LONGEST || !known.registered(name)) return code;
  // Its types speak of a global JSX, which React 19 has no more.
  return toJsxRuntime(known.highlight(name, code), { Fragment, jsx, jsxs }) as ReactElement;
});
export default CodeColors;
