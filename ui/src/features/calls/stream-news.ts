import type { StreamEvent } from "@/features/calls/sse";

type Leaf = { path: string; name: string; value: unknown };
const TOLD_FIRST = /(^|\.)(delta|text|content|arguments|partial_json|thinking|error)(\.|$)/;

/** The values of a JSON text that are no object or list, each with its path; none when it is no JSON. */
function leaves(data: string): Leaf[] {
  const found: Leaf[] = [];
  const walk = (value: unknown, path: string, name: string) => {
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path ? `${path}.${key}` : key, /^\d+$/.test(key) ? name : key);
    } else if (value !== null && value !== "") found.push({ path, name, value });
  };
  try {
    walk(JSON.parse(data), "", "");
  } catch {
    return [];
  }
  return found.filter((leaf) => leaf.path);
}

/**
 * What each event of a stream says that the others do not, in a line: ids, models and times that all repeat are left out.
 * An event with nothing of its own, or that is no JSON, is told as it is. Pure.
 */
export function streamNews(events: StreamEvent[]): string[] {
  const told = events.map((event) => leaves(event.data));
  const seen = new Map<string, { value: unknown; times: number; same: boolean }>();
  for (const { path, value } of told.flat()) {
    const known = seen.get(path);
    seen.set(path, known ? { value, times: known.times + 1, same: known.same && known.value === value } : { value, times: 1, same: true });
  }
  const repeated = (path: string) => {
    const known = seen.get(path);
    return known !== undefined && known.times > 1 && known.same;
  };
  return events.map((event, at) => {
    const own = (told[at] ?? []).filter(({ path, value }) => !repeated(path) && value !== event.name);
    const ordered = [...own.filter(({ path }) => TOLD_FIRST.test(path)), ...own.filter(({ path }) => !TOLD_FIRST.test(path))];
    return ordered.map(({ name, value }) => `${name} ${JSON.stringify(value)}`).join(" · ") || event.data;
  });
}
