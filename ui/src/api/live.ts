/** One event of the server's stream. */
export type LiveEvent = {
  seq: number;
  kind: string;
  subject_id: string;
  at: string;
  actor: string | null;
  data: Record<string, unknown>;
};

export const EVENT_KINDS = [
  "agent.created",
  "agent.changed",
  "agent.seat_priced",
  "agent_template.saved",
  "agent_template.removed",
  "squad.created",
  "squad.changed",
  "squad.removed",
  "key.created",
  "key.changed",
  "key.revoked",
  "replay.created",
  "replay.progressed",
  "replay.ended",
  "replay.settled",
  "task.created",
  "task.changed",
  "task.moved",
  "task.assigned",
  "task.unblocked",
  "task.held",
  "task.adopted",
  "task.gave_back",
  "task.released",
  "task.watched",
  "task.unwatched",
  "project.created",
  "project.changed",
  "project.deleted",
  "goal.created",
  "goal.changed",
  "goal.deleted",
  "status.changed",
  "dependency.added",
  "dependency.removed",
  "run.opened",
  "run.progressed",
  "run.ended",
  "run.expired",
  "deliverable.handed_in",
  "review.approved",
  "review.changes_requested",
  "review.rejected",
  "comment.written",
  "comment.reacted",
  "comments.loop_stopped",
  "question.asked",
  "question.answered",
  "question.defaulted",
  "question.expired",
  "need.opened",
  "need.closed",
  "need.delegated",
  "need.dismissed",
  "need.escalated",
  "approval.requested",
  "approval.approved",
  "approval.denied",
  "approval.expired",
  "approval.used",
  "signal.raised",
  "signal.observed",
  "signal.cleared",
  "signal.dismissed",
  "signal.unlearned",
  "signal.policy_set",
  "signal.policy_removed",
  "budget.changed",
  "budget.warned",
  "budget.stopped",
  "budget.released",
  "limit.changed",
  "attachment.added",
  "attachment.removed",
  "run.killed",
  "run.restarted",
  "lever.ordered",
  "lever.applied",
  "lever.lifted",
  "inbox.delivered",
  "calls.ingested",
  "template.created",
  "template.changed",
  "template.deleted",
  "schedule.created",
  "schedule.changed",
  "schedule.deleted",
  "schedule.fired",
  "schedule.missed",
  "schedule.paused",
  "schedule.resumed",
  "notification.delivered",
  "notification.read",
  "channel.added",
  "channel.changed",
  "channel.removed",
  "channel.failed",
  "channel.replayed",
  "share.created",
  "share.revoked",
  "route.changed",
  "provider.changed",
  "member.changed",
  "member.removed",
  "settings.changed",
  "stream.reset",
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

export type LiveState = "connecting" | "live" | "lost";

const LOST_AFTER_MS = 1_500;
/** What is asked for waits so long for the stream at the most. */
const PATIENCE_MS = 1_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];

/**
 * The page's one connection to the event stream.
 *
 * The browser reconnects by itself and says which event it saw last, so nothing is missed; where it gives up (a proxy
 * answered instead of the server) we try again ourselves, and `onOpen` reads again what may have been missed.
 */
export class LiveStream {
  state: LiveState = "connecting";
  private source: EventSource | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;
  private first: Promise<void> = Promise.resolve();
  private settle: () => void = () => undefined;
  private readonly watchers = new Set<() => void>();
  private readonly listeners = new Set<(event: LiveEvent) => void>();

  constructor(
    private readonly url: string,
    /** Called each time the stream opens: what was read before may be old. */
    private readonly onOpen: () => void,
    /** Called when the server refuses the stream, as it does where the session has ended. */
    private readonly onRefused: () => void = () => undefined,
  ) {}

  /** Once it was started this does nothing until it is stopped. */
  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.first = new Promise((resolve) => {
      this.settle = resolve;
    });
    setTimeout(this.settle, PATIENCE_MS);
    window.addEventListener("online", this.reconnect);
    this.connect();
  }

  /** Resolves when it has opened since it was started, or will not for now: what is asked for then is not asked for again when it opens. */
  ready(): Promise<void> {
    return this.first;
  }

  stop(): void {
    this.stopped = true;
    this.settle();
    window.removeEventListener("online", this.reconnect);
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.silence = undefined;
    this.source?.close();
    this.source = undefined;
  }

  /** Hear every event. Returns the way to stop. */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private connect(): void {
    const source = new EventSource(this.url);
    this.source = source;
    source.onopen = () => this.opened();
    source.onerror = () => this.failed(source);
    for (const kind of EVENT_KINDS) source.addEventListener(kind, this.receive);
  }

  private readonly reconnect = (): void => {
    if (this.stopped || this.source?.readyState === EventSource.OPEN) return;
    clearTimeout(this.retry);
    this.source?.close();
    this.connect();
  };

  private readonly receive = (message: MessageEvent<string>): void => {
    let event: LiveEvent;
    try {
      event = JSON.parse(message.data) as LiveEvent;
    } catch {
      return;
    }
    this.listeners.forEach((tell) => tell(event));
  };

  private opened(): void {
    this.failures = 0;
    clearTimeout(this.silence);
    this.silence = undefined;
    this.become("live");
    this.onOpen();
    this.settle();
  }

  private failed(source: EventSource): void {
    // The server ends each stream now and then so that a reader shows again who it is: that is no loss.
    this.silence ??= setTimeout(() => this.become("lost"), LOST_AFTER_MS);
    this.settle();
    if (source.readyState !== EventSource.CLOSED || this.stopped) return;
    this.onRefused();
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 8_000;
    this.failures += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(this.reconnect, wait);
  }

  private become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.watchers.forEach((tell) => tell());
  }
}
