const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const OPENS = ["{", "["];
const CLOSES = ["}", "]"];

/**
 * JSON laid out for reading; null when the text is no JSON. Pure. Each number stays as it is written, for a number here
 * holds fewer digits than JSON may, and so does each name of an object, were it there twice.
 */
export function prettyJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(TOKENS) ?? [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return tokens
    .map((token, at) => {
      if (OPENS.includes(token)) {
        if (CLOSES.includes(tokens[at + 1] ?? "")) return token;
        depth++;
        return token + line();
      }
      if (CLOSES.includes(token)) {
        if (OPENS.includes(tokens[at - 1] ?? "")) return token;
        depth--;
        return line() + token;
      }
      if (token === ",") return token + line();
      if (token === ":") return ": ";
      return token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token;
    })
    .join("");
}
