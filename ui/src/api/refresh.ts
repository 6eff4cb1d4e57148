import type { QueryClient, QueryKey } from "@tanstack/react-query";

import { agentTemplateKeys } from "@/api/agent-templates";
import { agentKeys } from "@/api/agents";
import { approvalKeys } from "@/api/approvals";
import { attachmentKeys } from "@/api/attachments";
import { callKeys } from "@/api/calls";
import { capKeys } from "@/api/caps";
import { channelKeys } from "@/api/channels";
import { commentKeys } from "@/api/comments";
import { costKeys } from "@/api/costs";
import { deliverableKeys } from "@/api/deliverables";
import { goalKeys } from "@/api/goals";
import { keyKeys } from "@/api/keys";
import { leverKeys } from "@/api/lever";
import type { EventKind, LiveEvent } from "@/api/live";
import { memberKeys } from "@/api/members";
import { needKeys } from "@/api/needs";
import { notificationKeys } from "@/api/notifications";
import { projectKeys } from "@/api/projects";
import { providerKeys } from "@/api/providers";
import { questionKeys } from "@/api/questions";
import { replayKeys } from "@/api/replays";
import { reviewKeys } from "@/api/reviews";
import { routeKeys } from "@/api/routes";
import { runKeys } from "@/api/runs";
import { scheduleKeys } from "@/api/schedules";
import { seatKeys } from "@/api/seats";
import { sessionKeys } from "@/api/session";
import { settingsKeys } from "@/api/settings";
import { shareKeys } from "@/api/shares";
import { signalKeys } from "@/api/signals";
import { squadKeys } from "@/api/squads";
import { taskKeys } from "@/api/tasks";
import { templateKeys } from "@/api/templates";

/** What to ask again, and how often at the most (milliseconds). */
type Stale = { key: QueryKey; every: number };

const SOON = 100;
/** Sums move with every call; a reader does not need them ten times a second. */
const CALM = 1_000;

/** What belongs to one task, or to any where the event names none. */
const ofTask = (event: LiveEvent, keys: { all: QueryKey; of: (taskId: string) => QueryKey }): QueryKey =>
  typeof event.data.task_id === "string" ? keys.of(event.data.task_id) : keys.all;

const ids = (value: unknown): string[] => (Array.isArray(value) ? value.filter((id) => typeof id === "string") : []);

/** Which cached answers an event makes stale. Pure. */
export function staleAfter(event: LiveEvent): Stale[] {
  const soon = (key: QueryKey): Stale => ({ key, every: SOON });
  // Only kinds that the stream listens for: another one here would never come.
  switch (event.kind as EventKind) {
    case "agent.created":
    case "agent.changed":
      return [soon(agentKeys.all), soon(taskKeys.all), soon(squadKeys.all)];
    case "agent.seat_priced":
      return [soon(seatKeys.of(event.subject_id))];
    case "agent_template.saved":
    case "agent_template.removed":
      return [soon(agentTemplateKeys.all)];
    case "squad.created":
    case "squad.changed":
    case "squad.removed":
      return [soon(squadKeys.all), soon(taskKeys.all)];
    case "key.created":
    case "key.changed":
    case "key.revoked":
      return [soon(keyKeys.all)];
    case "task.moved":
      return [soon(taskKeys.all), soon(needKeys.all), { key: goalKeys.all, every: CALM }];
    case "task.created":
    case "task.changed":
    case "dependency.added":
    case "dependency.removed":
      return [soon(taskKeys.all), { key: goalKeys.all, every: CALM }];
    case "task.assigned":
    case "task.unblocked":
    case "task.held":
    case "task.released":
    case "task.watched":
    case "task.unwatched":
      return [soon(taskKeys.all)];
    case "task.adopted":
    case "task.gave_back":
      return [
        { key: callKeys.unclaimed(), every: CALM },
        soon(taskKeys.one(event.subject_id)),
        soon(callKeys.each()),
        { key: callKeys.newestAll(), every: CALM },
        { key: taskKeys.boards(), every: CALM },
        { key: costKeys.all, every: CALM },
      ];
    case "project.created":
    case "project.changed":
    case "project.deleted":
      return [soon(projectKeys.all), soon(goalKeys.all), soon(taskKeys.all)];
    case "goal.created":
    case "goal.changed":
    case "goal.deleted":
      return [soon(goalKeys.all), soon(taskKeys.all)];
    case "run.killed":
    case "run.restarted":
    case "run.opened":
    case "run.ended":
    case "run.expired":
      return [soon(taskKeys.all), soon(runKeys.all), soon(agentKeys.all), soon(keyKeys.all), { key: costKeys.all, every: CALM }];
    case "attachment.added":
    case "attachment.removed":
      return [soon(ofTask(event, attachmentKeys))];
    case "deliverable.handed_in":
      return [soon(ofTask(event, deliverableKeys)), soon(taskKeys.all)];
    case "review.approved":
    case "review.changes_requested":
    case "review.rejected":
      return [soon(ofTask(event, reviewKeys)), soon(taskKeys.all), soon(needKeys.all), { key: costKeys.all, every: CALM }];
    case "comment.written":
    case "comment.reacted":
      return [soon(ofTask(event, commentKeys))];
    case "comments.loop_stopped":
      return [soon(commentKeys.of(event.subject_id))];
    case "question.asked":
    case "question.answered":
    case "question.defaulted":
    case "question.expired":
      return [soon(ofTask(event, questionKeys)), soon(needKeys.all)];
    case "approval.requested":
    case "approval.approved":
    case "approval.denied":
    case "approval.expired":
    case "approval.used":
      return [soon(approvalKeys.all), soon(needKeys.all)];
    case "lever.ordered":
    case "lever.applied":
    case "lever.lifted":
      return [soon(leverKeys.all), soon(agentKeys.all), soon(taskKeys.all), soon(runKeys.all)];
    case "signal.raised":
    case "signal.observed":
    case "signal.cleared":
    case "signal.dismissed":
    case "signal.unlearned":
      return [soon(signalKeys.all), soon(needKeys.all), soon(taskKeys.all), { key: costKeys.all, every: CALM }];
    case "signal.policy_set":
    case "signal.policy_removed":
      return [soon(signalKeys.policies())];
    case "budget.stopped":
    case "budget.released":
      return [soon(capKeys.all), soon(needKeys.all)];
    case "budget.changed":
    case "budget.warned":
    case "limit.changed":
      return [soon(capKeys.all)];
    case "need.opened":
    case "need.closed":
    case "need.dismissed":
    case "need.escalated":
    case "need.delegated":
    case "inbox.delivered":
      return [soon(needKeys.all)];
    case "replay.created":
    case "replay.progressed":
    case "replay.ended":
    case "replay.settled":
      return [soon(replayKeys.all)];
    case "status.changed":
      // Rows have it from the event; which agents have one, and how all stand, can wait: it comes as often as a minute passes for any.
      return [{ key: agentKeys.urgent(), every: 5 * CALM }];
    case "run.progressed":
      return [soon(runKeys.all), soon(taskKeys.all)];
    case "calls.ingested":
      return [
        soon(agentKeys.list()),
        { key: agentKeys.urgent(), every: CALM },
        soon(callKeys.newestAll()),
        { key: callKeys.unclaimed(), every: CALM },
        { key: callKeys.counted(), every: 5 * CALM },
        ...ids(event.data.agent_ids).map((id) => soon(agentKeys.one(id))),
        ...ids(event.data.task_ids).map((id) => soon(taskKeys.one(id))),
        { key: taskKeys.boards(), every: CALM },
        { key: runKeys.all, every: CALM },
        { key: costKeys.all, every: CALM },
        { key: goalKeys.all, every: 5 * CALM },
        { key: keyKeys.all, every: 5 * CALM },
      ];
    case "template.created":
    case "template.changed":
    case "template.deleted":
      return [soon(templateKeys.all)];
    case "schedule.created":
    case "schedule.changed":
    case "schedule.deleted":
    case "schedule.fired":
    case "schedule.missed":
    case "schedule.paused":
    case "schedule.resumed":
      return [soon(scheduleKeys.all)];
    case "channel.added":
    case "channel.changed":
    case "channel.removed":
    case "channel.failed":
    case "channel.replayed":
      return [soon(channelKeys.list()), soon(notificationKeys.preferences())];
    case "notification.delivered":
    case "notification.read":
      return [soon(notificationKeys.list())];
    case "route.changed":
      return [soon(routeKeys.list()), soon(routeKeys.one(event.subject_id)), soon(routeKeys.versions(event.subject_id))];
    case "share.created":
    case "share.revoked":
      return [soon(shareKeys.all)];
    case "provider.changed":
      return [soon(providerKeys.all), soon(settingsKeys.all)];
    case "member.changed":
      return [soon(memberKeys.all), soon(sessionKeys.all)];
    case "member.removed":
      return [soon(memberKeys.all)];
    case "settings.changed":
      return [soon(settingsKeys.all)];
    case "stream.reset":
      return [soon([])];
    default:
      return [];
  }
}

/**
 * Gathers what went stale and asks for it again: at once when nothing happened lately, then not more often than allowed.
 * A burst of a thousand events costs one request per key.
 */
export class Refresher {
  private readonly lastAt = new Map<string, number>();
  private readonly waiting = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly ask: (key: QueryKey) => void,
    private readonly now: () => number = Date.now,
  ) {}

  hear(event: LiveEvent): void {
    for (const stale of staleAfter(event)) this.later(stale);
  }

  private later({ key, every }: Stale): void {
    const name = JSON.stringify(key);
    if (this.waiting.has(name)) return;
    const wait = Math.max(0, (this.lastAt.get(name) ?? -Infinity) + every - this.now());
    this.waiting.set(
      name,
      setTimeout(() => {
        this.waiting.delete(name);
        this.lastAt.set(name, this.now());
        this.ask(key);
      }, wait),
    );
  }
}

export function refresherFor(client: QueryClient): Refresher {
  return new Refresher((queryKey) => void client.invalidateQueries({ queryKey }));
}
