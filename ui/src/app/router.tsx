import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";

import { agentQuery, agentsQuery, urgentAgentsQuery } from "@/api/agents";
import { callQuery, renderedQuery } from "@/api/calls";
import { comparedQuery } from "@/api/evidence";
import { goalsQuery } from "@/api/goals";
import type { LiveStream } from "@/api/live";
import { Problem } from "@/api/problem";
import { providersQuery } from "@/api/providers";
import { replayQuery } from "@/api/replays";
import { reviewsQuery } from "@/api/reviews";
import { routeQuery } from "@/api/routes";
import { runQuery } from "@/api/runs";
import { sessionQuery } from "@/api/session";
import { settingsQuery } from "@/api/settings";
import { boardQuery, taskQuery } from "@/api/tasks";
import { warm } from "@/api/warm";
import { ErrorPage, MissingPage, PendingPage } from "@/app/error-page";
import { lazyPage } from "@/app/page-code";
import { AppShell } from "@/app/shell/app-shell";
import { BareShell } from "@/app/shell/bare-shell";
import { agentsSearch } from "@/features/agents/search";
import { auditSearch } from "@/features/audit/search";
import { callPageSearch, callsSearch } from "@/features/calls/search";
import { costsSearch } from "@/features/costs/search";
import { gatewaySearch } from "@/features/gateway/search";
import { keysSearch } from "@/features/keys/search";
import { warmNow } from "@/features/now/queries";
import { signInSearch } from "@/features/session/search";
import { settingsSearch } from "@/features/settings/search";
import { warmTask } from "@/features/tasks/queries";
import { boardFilter, boardSearch } from "@/features/tasks/search";
import { openSearch } from "@/lib/search";

type Context = { client: QueryClient; live: LiveStream };

const root = createRootRouteWithContext<Context>()({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  validateSearch: signInSearch,
  // Whoever is in already, and went back, does not stand before the door. The guard may just have asked in vain.
  beforeLoad: async ({ context: { client }, search, cause }) => {
    if (search.token !== undefined || cause !== "enter" || client.getQueryState(sessionQuery.queryKey)?.status === "error") return;
    const session = await client.query({ ...sessionQuery, staleTime: "static" }).catch(() => undefined);
    if (session) throw redirect({ href: search.next ?? "/", replace: true });
  },
  component: lazyPage(() => import("@/app/pages/sign-in-route"), "SignInRoute"),
});

/** For whoever has a link and no account. */
const shared = createRoute({ getParentRoute: () => root, path: "/shared", component: lazyPage(() => import("@/app/pages/shared-route"), "SharedRoute") });

/** Who is not signed in goes to the door and comes back after. */
async function guard({ context, location }: { context: Context; location: { href: string } }): Promise<void> {
  // What is asked for while it is open already need not be asked for again when it opens.
  context.live.start();
  await context.live.ready();
  try {
    await context.client.query({ ...sessionQuery, staleTime: "static" });
  } catch (error) {
    context.live.stop();
    if (error instanceof Problem && error.status === 401) throw redirect({ to: "/signin", search: { next: location.href } });
    throw error;
  }
}

/** Everything behind the door. */
const inside = createRoute({ getParentRoute: () => root, id: "inside", component: AppShell, beforeLoad: guard });

/** Behind it too, with nothing beside it. */
const bare = createRoute({ getParentRoute: () => root, id: "bare", component: BareShell, beforeLoad: guard });

const welcome = createRoute({
  getParentRoute: () => bare,
  path: "/welcome",
  loader: ({ context }) => warm(context.client.query(urgentAgentsQuery), context.client.query(settingsQuery), context.client.query(providersQuery)),
  component: lazyPage(() => import("@/app/pages/welcome-route"), "WelcomeRoute"),
});

const now = createRoute({
  getParentRoute: () => inside,
  path: "/",
  loader: ({ context }) => warmNow(context.client),
  component: lazyPage(() => import("@/app/pages/now-route"), "NowRoute"),
});
const board = createRoute({
  getParentRoute: () => inside,
  path: "/board",
  validateSearch: boardSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => warm(context.client.query(boardQuery(boardFilter(deps, context.client.getQueryData(sessionQuery.queryKey)?.member.id)))),
  component: lazyPage(() => import("@/app/pages/board-route"), "BoardRoute"),
});
const goals = createRoute({
  getParentRoute: () => inside,
  path: "/goals",
  validateSearch: openSearch,
  loader: ({ context }) => warm(context.client.infiniteQuery(goalsQuery)),
  component: lazyPage(() => import("@/app/pages/goals-route"), "GoalsRoute"),
});
const task = createRoute({
  getParentRoute: () => inside,
  path: "/tasks/$taskId",
  // A pointer that passes over the board asks for each task, not for the ten parts of each.
  loader: ({ context, params, preload }) => (preload ? warm(context.client.query(taskQuery(params.taskId))) : warmTask(context.client, params.taskId)),
  component: lazyPage(() => import("@/app/pages/task-route"), "TaskRoute"),
});
const reviews = createRoute({
  getParentRoute: () => inside,
  path: "/reviews",
  component: lazyPage(() => import("@/app/pages/reviews-route"), "ReviewsRoute"),
});
const review = createRoute({
  getParentRoute: () => inside,
  path: "/reviews/$taskId",
  loader: ({ context, params }) => warm(context.client.query(taskQuery(params.taskId)), context.client.query(reviewsQuery(params.taskId))),
  component: lazyPage(() => import("@/app/pages/reviews-route"), "ReviewRoute"),
});
const run = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$runId",
  loader: ({ context, params }) => warm(context.client.query(runQuery(params.runId))),
  component: lazyPage(() => import("@/app/pages/run-route"), "RunRoute"),
});
const compared = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$runId/compare/$otherId",
  loader: ({ context, params }) => warm(context.client.query(comparedQuery(params.runId, params.otherId))),
  component: lazyPage(() => import("@/app/pages/run-route"), "CompareRoute"),
});
const agents = createRoute({
  getParentRoute: () => inside,
  path: "/agents",
  validateSearch: agentsSearch,
  loader: ({ context }) => warm(context.client.infiniteQuery(agentsQuery(false)), context.client.query(urgentAgentsQuery)),
  component: lazyPage(() => import("@/app/pages/agents-route"), "AgentsRoute"),
});
const agent = createRoute({
  getParentRoute: () => inside,
  path: "/agents/$agentId",
  loader: ({ context, params }) => warm(context.client.query(agentQuery(params.agentId))),
  component: lazyPage(() => import("@/app/pages/agent-route"), "AgentRoute"),
});
const calls = createRoute({
  getParentRoute: () => inside,
  path: "/calls",
  validateSearch: callsSearch,
  component: lazyPage(() => import("@/app/pages/calls-route"), "CallsRoute"),
});
const call = createRoute({
  getParentRoute: () => inside,
  path: "/calls/$callId",
  validateSearch: callPageSearch,
  loader: ({ context, params }) => warm(context.client.query(callQuery(params.callId)), context.client.query(renderedQuery(params.callId))),
  component: lazyPage(() => import("@/app/pages/call-route"), "CallRoute"),
});
const costs = createRoute({
  getParentRoute: () => inside,
  path: "/costs",
  validateSearch: costsSearch,
  component: lazyPage(() => import("@/app/pages/costs-route"), "CostsRoute"),
});
const keys = createRoute({
  getParentRoute: () => inside,
  path: "/keys",
  validateSearch: keysSearch,
  component: lazyPage(() => import("@/app/pages/keys-route"), "KeysRoute"),
});
const providers = createRoute({
  getParentRoute: () => inside,
  path: "/providers",
  validateSearch: openSearch,
  component: lazyPage(() => import("@/app/pages/providers-route"), "ProvidersRoute"),
});
const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  validateSearch: settingsSearch,
  component: lazyPage(() => import("@/app/pages/settings-route"), "SettingsRoute"),
});

const unclaimed = createRoute({
  getParentRoute: () => inside,
  path: "/unclaimed",
  component: lazyPage(() => import("@/app/pages/unclaimed-route"), "UnclaimedRoute"),
});

const gateway = createRoute({
  getParentRoute: () => inside,
  path: "/gateway",
  validateSearch: gatewaySearch,
  component: lazyPage(() => import("@/app/pages/gateway-route"), "GatewayRoute"),
});
const newRoute = createRoute({
  getParentRoute: () => inside,
  path: "/gateway/routes/new",
  component: lazyPage(() => import("@/app/pages/route-editor-route"), "NewRouteRoute"),
});
const routeEditor = createRoute({
  getParentRoute: () => inside,
  path: "/gateway/routes/$name",
  loader: ({ context, params }) => warm(context.client.query(routeQuery(params.name))),
  component: lazyPage(() => import("@/app/pages/route-editor-route"), "RouteEditorRoute"),
});
const schedules = createRoute({
  getParentRoute: () => inside,
  path: "/schedules",
  validateSearch: openSearch,
  component: lazyPage(() => import("@/app/pages/schedules-route"), "SchedulesRoute"),
});
const channels = createRoute({
  getParentRoute: () => inside,
  path: "/channels",
  validateSearch: openSearch,
  component: lazyPage(() => import("@/app/pages/channels-route"), "ChannelsRoute"),
});
const notifications = createRoute({
  getParentRoute: () => inside,
  path: "/notifications",
  component: lazyPage(() => import("@/app/pages/notifications-route"), "NotificationsRoute"),
});
const audit = createRoute({
  getParentRoute: () => inside,
  path: "/audit",
  validateSearch: auditSearch,
  component: lazyPage(() => import("@/app/pages/audit-route"), "AuditRoute"),
});

const replays = createRoute({
  getParentRoute: () => inside,
  path: "/replays",
  component: lazyPage(() => import("@/app/pages/replays-route"), "ReplaysRoute"),
});
const replay = createRoute({
  getParentRoute: () => inside,
  path: "/replays/$replayId",
  loader: ({ context, params }) => warm(context.client.query(replayQuery(params.replayId))),
  component: lazyPage(() => import("@/app/pages/replays-route"), "ReplayRoute"),
});

const missing = createRoute({ getParentRoute: () => inside, path: "$", component: MissingPage });

const tree = root.addChildren([
  signIn,
  shared,
  bare.addChildren([welcome]),
  inside.addChildren([now, board, goals, task, reviews, review, run, compared, agents, agent, calls, call, costs, replays, replay, unclaimed, schedules, gateway, newRoute, routeEditor, providers, keys, channels, notifications, audit, settings, missing]),
]);

export function createAppRouter(client: QueryClient, live: LiveStream) {
  return createRouter({
    routeTree: tree,
    context: { client, live },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultPendingMs: 0,
    defaultPendingMinMs: 0,
    defaultPendingComponent: PendingPage,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: MissingPage,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
