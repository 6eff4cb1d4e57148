import { gateway } from "@/strings/gateway";

const say = gateway.tree;

/** A route's config as a tree that can be read. What the config says in either of Portkey's spellings is found. */
export type Branch = {
  mode: string | null;
  name: string | null;
  /** Of a leaf: where calls go. */
  provider: string | null;
  model: string | null;
  /** Of what its siblings share, percent; null where there are no weights. */
  share: number | null;
  /** Under which condition it is taken; "" is otherwise. */
  when: string | null;
  codes: number[];
  retries: number | null;
  timeoutMs: number | null;
  cache: string | null;
  sticky: boolean;
  /** Where it stands in the config, as the server names it. */
  at: string;
  /** Of the newcomer of a canary: its share while nothing is decided, percent. */
  trial: number | null;
  branches: Branch[];
};

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : []);
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
const part = (value: unknown): Json => (isJson(value) ? value : {});

/** A condition in words: `metadata.plan is paid and params.model is gpt-4o`. Pure. */
export function conditionWords(query: unknown): string {
  if (!isJson(query)) return "";
  return Object.entries(query)
    .map(([field, wanted]) => {
      if (field === "$and" || field === "$or") return objects(wanted).map(conditionWords).filter(Boolean).join(field === "$and" ? say.and : say.or);
      const what = say.fields[field] ?? field;
      if (!isJson(wanted)) return `${what} ${say.operators.$eq} ${JSON.stringify(wanted)}`;
      return Object.entries(wanted)
        .map(([operator, value]) => `${what} ${say.operators[operator] ?? operator} ${Array.isArray(value) ? value.map((each) => JSON.stringify(each)).join(", ") : JSON.stringify(value)}`)
        .join(say.and);
    })
    .join(say.and);
}

/** What a newcomer gets where its canary does not say. */
const USUAL_TRIAL = 0.05;

/** Pure. */
export function treeOf(config: Json, at = "config"): Branch {
  const strategy = part(config.strategy);
  const listed = Array.isArray(config.targets) ? config.targets.map((target, index) => ({ target: target as unknown, at: `${at}.targets[${index}]` })) : [];
  const places = listed.filter((each): each is { target: Json; at: string } => isJson(each.target));
  const targets = places.map((each) => each.target);
  const weights = targets.map((target) => number(target.weight));
  const weighted = strategy.mode === "loadbalance" || weights.some((each) => each !== null);
  const sum = weights.reduce<number>((total, each) => total + (each ?? 1), 0);
  const taken = new Map<string, string>();
  for (const condition of objects(strategy.conditions)) {
    const then = text(condition.then);
    const words = conditionWords(condition.query);
    if (then) taken.set(then, [taken.get(then), words].filter(Boolean).join(say.alsoWhen));
  }
  const otherwise = text(strategy.default);
  const newcomer = strategy.mode === "canary" ? 1 : -1;
  const branches = places.map(({ target, at: place }, index): Branch => {
    const name = text(target.name);
    return {
      ...treeOf(target, place),
      share: weighted && sum > 0 ? Math.round(((weights[index] ?? 1) / sum) * 100) : null,
      trial: index === newcomer ? Math.round((number(part(strategy.canary).share) ?? USUAL_TRIAL) * 1_000) / 10 : null,
      when: name !== null && taken.has(name) ? (taken.get(name) ?? "") : name !== null && name === otherwise ? "" : null,
    };
  });
  return {
    mode: targets.length > 0 ? (text(strategy.mode) ?? "single") : null,
    name: text(config.name),
    provider: text(config.provider) ?? text(config.virtual_key) ?? text(config.virtualKey),
    model: text(part(config.override_params ?? config.overrideParams).model),
    share: null,
    when: null,
    codes: (Array.isArray(strategy.on_status_codes) ? strategy.on_status_codes : Array.isArray(strategy.onStatusCodes) ? strategy.onStatusCodes : []).filter((each): each is number => typeof each === "number"),
    retries: number(part(config.retry).attempts),
    timeoutMs: number(config.request_timeout) ?? number(config.requestTimeout),
    cache: text(config.cache) ?? text(part(config.cache).mode),
    sticky: strategy.sticky_session !== undefined || strategy.sticky !== undefined,
    at,
    trial: null,
    branches,
  };
}
