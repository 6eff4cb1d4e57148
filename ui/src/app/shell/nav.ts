import type { LucideIcon } from "lucide-react";
import { AlignLeft, Bell, BellDot, Bot, CalendarClock, Clock, Cloud, DollarSign, KeyRound, ListChecks, RotateCw, ScrollText, Unlink, Waypoints, Settings2, SquareKanban, Target } from "lucide-react";

import { shell } from "@/strings/shell";

export type NavItem = { to: string; label: string; icon: LucideIcon; key: string; count?: "tasks" | "agents" | "needs" | "reviews"; hot?: boolean };
export type NavGroup = { label?: string; items: NavItem[] };

const now: NavItem = { to: "/", label: shell.now, icon: Clock, key: "g n", count: "needs", hot: true };
const board: NavItem = { to: "/board", label: shell.board, icon: SquareKanban, key: "g b", count: "tasks" };
const goals: NavItem = { to: "/goals", label: shell.goals, icon: Target, key: "g g" };
const reviews: NavItem = { to: "/reviews", label: shell.review, icon: ListChecks, key: "g r", count: "reviews" };
const agents: NavItem = { to: "/agents", label: shell.agents, icon: Bot, key: "g a", count: "agents" };
const calls: NavItem = { to: "/calls", label: shell.calls, icon: AlignLeft, key: "g c" };
const costs: NavItem = { to: "/costs", label: shell.costs, icon: DollarSign, key: "g o" };
const replays: NavItem = { to: "/replays", label: shell.replays, icon: RotateCw, key: "g y" };
const unclaimed: NavItem = { to: "/unclaimed", label: shell.unclaimed, icon: Unlink, key: "g u" };
const providers: NavItem = { to: "/providers", label: shell.providers, icon: Cloud, key: "g p" };
const keys: NavItem = { to: "/keys", label: shell.keys, icon: KeyRound, key: "g k" };
const schedules: NavItem = { to: "/schedules", label: shell.schedules, icon: CalendarClock, key: "g h" };
const gateway: NavItem = { to: "/gateway", label: shell.gateway, icon: Waypoints, key: "g w" };
const channels: NavItem = { to: "/channels", label: shell.channels, icon: Bell, key: "g l" };
const audit: NavItem = { to: "/audit", label: shell.audit, icon: ScrollText, key: "g d" };
const settings: NavItem = { to: "/settings", label: shell.settings, icon: Settings2, key: "g s" };

/** One's own: it stands in the account's menu, not among the workspace's pages. */
const notifications: NavItem = { to: "/notifications", label: shell.notifications, icon: BellDot, key: "g i" };

export const GROUPS: NavGroup[] = [
  { items: [now, board, goals, reviews, agents, schedules] },
  { label: shell.whatHappened, items: [calls, costs, replays, unclaimed, audit] },
  { label: shell.howItRuns, items: [gateway, providers, keys, channels, settings] },
];
export const PAGES: NavItem[] = [...GROUPS.flatMap((group) => group.items), notifications];
/** What the part of the house is called that an address leads to, for when the page itself cannot say yet. */
export function placeOf(path: string): string | undefined {
  const [first = ""] = path.split("/").filter(Boolean);
  return PLACES[first] ?? PAGES.find((page) => page.to === `/${first}`)?.label;
}
const PLACES: Record<string, string> = { tasks: shell.task, runs: shell.run };

export const PHONE_BAR: NavItem[] = [now, board, reviews, agents];
export const PHONE_MORE: NavItem[] = [goals, calls, costs, replays, unclaimed, schedules, gateway, providers, keys, channels, audit, settings];
