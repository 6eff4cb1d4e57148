import type { Hunk } from "@/api/types";

/** Changes of a route's config, each a new config. What the tree does not know stays as it was. All pure. */
export type Json = Record<string, unknown>;
/** The way to a node: which target at each fork, from the root. */
export type Way = readonly number[];

export const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
export const part = (value: unknown): Json => (isJson(value) ? value : {});
export const targetsOf = (node: Json): unknown[] => (Array.isArray(node.targets) ? (node.targets as unknown[]) : []);
/** The place of a node, as the server names it. */
export const placeOf = (way: Way): string => way.reduce((at, index) => `${at}.targets[${index}]`, "config");

export const MODES = ["single", "fallback", "loadbalance", "conditional", "round_robin", "least_latency", "least_cost", "least_busy", "usage_aware", "canary", "shadow", "hedge"] as const;
export type Mode = (typeof MODES)[number];
/** Those that choose one of their targets, and may go on to the next when it fails. */
export const CHOOSING: readonly string[] = ["loadbalance", "round_robin", "least_latency", "least_cost", "least_busy", "usage_aware"];

/** A strategy's mode in our spelling; null: it has none. */
export function modeOf(node: Json): string | null {
  const mode = part(node.strategy).mode;
  if (typeof mode !== "string") return node.targets === undefined ? null : "least_latency";
  const plain = mode.replace("-", "_");
  return plain === "roundrobin" ? "round_robin" : plain;
}

const ids = new WeakMap<object, number>();
let made = 0;

/** Tells nodes apart while they change and move: a changed node is still the one it was. */
export function idOf(node: object): number {
  const id = ids.get(node) ?? ++made;
  ids.set(node, id);
  return id;
}

function same(before: object, after: Json): Json {
  ids.set(after, idOf(before));
  return after;
}

export function nodeAt(config: Json, way: Way): Json {
  return way.reduce<Json>((node, index) => part(targetsOf(node)[index]), config);
}

/** The config with one node changed. */
export function changed(config: Json, way: Way, change: (node: Json) => Json): Json {
  const [index, ...rest] = way;
  if (index === undefined) return same(config, change(config));
  return same(config, { ...config, targets: targetsOf(config).map((target, at) => (at === index ? changed(part(target), rest, change) : target)) });
}

/** A member somewhere in a node, by its names; undefined takes it away, and objects that are empty then. */
export function withMember(node: Json, [name, ...rest]: readonly string[], value: unknown): Json {
  if (name === undefined) return node;
  const inner = rest.length > 0 ? withMember(part(node[name]), rest, value) : value;
  if (inner === undefined || (rest.length > 0 && isJson(inner) && Object.keys(inner).length === 0)) return Object.fromEntries(Object.entries(node).filter(([each]) => each !== name));
  return name in node ? Object.fromEntries(Object.entries(node).map(([each, old]) => [each, each === name ? inner : old])) : { ...node, [name]: inner };
}

export const withTarget = (node: Json, target: Json = {}): Json => ({ ...node, targets: [...targetsOf(node), target] });
export const withoutTarget = (node: Json, index: number): Json => ({ ...node, targets: targetsOf(node).filter((_, at) => at !== index) });

export function withTargetMoved(node: Json, index: number, by: 1 | -1): Json {
  const targets = [...targetsOf(node)];
  const other = index + by;
  if (other < 0 || other >= targets.length) return node;
  [targets[index], targets[other]] = [targets[other], targets[index]];
  return { ...node, targets };
}

/** What belongs to the place of a node and not to what is there: it stays where the node becomes a fork. */
const PLACE = ["name", "weight", "deadline_ms", "metadata", "version", "description"];

/** A fork in the place of a node, with the node as its first target. */
export function forked(node: Json): Json {
  const kept = Object.entries(node).filter(([name]) => PLACE.includes(name));
  const inner = Object.entries(node).filter(([name]) => !PLACE.includes(name));
  return { ...Object.fromEntries(kept), strategy: { mode: "fallback" }, targets: [Object.fromEntries(inner), {}] };
}

/** What only some modes know; it goes with them. */
const OF_MODES: Record<string, readonly string[]> = {
  on_status_codes: ["fallback", ...CHOOSING, "single", "canary", "hedge", "shadow", "conditional"],
  fallback: CHOOSING,
  sticky: ["loadbalance"],
  sticky_session: ["loadbalance"],
  conditions: ["conditional"],
  default: ["conditional"],
  canary: ["canary"],
  hedge: ["hedge"],
  sample: ["shadow"],
};

/** Another mode, and names for targets where a condition has to name them. */
export function withMode(node: Json, mode: Mode): Json {
  const kept = Object.entries(part(node.strategy)).filter(([name]) => OF_MODES[name]?.includes(mode) ?? true);
  const strategy: Json = { ...Object.fromEntries(kept), mode };
  if (mode !== "conditional") return { ...node, strategy };
  const targets = targetsOf(node).map((target, at) => (isJson(target) && typeof target.name !== "string" ? { name: `target-${at + 1}`, ...target } : target));
  const first = part(targets[0]).name;
  if (strategy.conditions === undefined) strategy.conditions = [{ query: { "params.model": { $eq: "gpt-4o-mini" } }, then: first }];
  return { ...node, strategy, targets };
}

/** What the server found wrong, by the place of the node: "config.targets[0].weight: expected …" stands at config.targets[0]. */
export function problemsByPlace(lines: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    const [, place = "config", member = "", words = line] = /^(config(?:\.targets\[\d+\])*)\.?([^:]*): (.*)$/s.exec(line) ?? [];
    found.set(place, [...(found.get(place) ?? []), member ? `${member}: ${words}` : words]);
  }
  return found;
}

/** Two texts line by line, as one hunk. */
export function lineDiff(before: string, after: string): Hunk {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = longest[i];
    if (row) for (let j = b.length - 1; j >= 0; j--) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Hunk["lines"] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: " ", text: a[i++] ?? "" });
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) lines.push({ sign: "-", text: a[i++] ?? "" });
    else lines.push({ sign: "+", text: b[j++] ?? "" });
  }
  return { from_start: 1, from_count: a.length, to_start: 1, to_count: b.length, lines };
}

/** `429, 503` as numbers; undefined: none, null: not only numbers. */
export function codesIn(text: string): number[] | undefined | null {
  const parts = text.split(/[\s,]+/).filter(Boolean);
  if (parts.length === 0) return undefined;
  return parts.every((each) => /^\d{3}$/.test(each)) ? parts.map(Number) : null;
}

export function jsonIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
