import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { needKeys } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { giveReview, reviewKeys } from "@/api/reviews";
import { taskKeys } from "@/api/tasks";
import type { Task, Verdict } from "@/api/types";
import { Button } from "@/components/button";
import { MentionArea } from "@/components/composer/composer";
import { Confirm } from "@/components/dialog";
import { KeyHint } from "@/components/kbd";
import { toast } from "@/components/toast";
import type { Draft } from "@/features/reviews/review-draft";
import { EMPTY, says, toReview } from "@/features/reviews/review-draft";
import { useHotkeys } from "@/lib/hotkeys";
import { usePhone } from "@/lib/media";
import { reviews as say } from "@/strings/reviews";

type Props = {
  task: Task;
  agent: string;
  draft: Draft;
  setDraft: (draft: Draft) => void;
  version: { deliverableId: string; number: number } | undefined;
  missing: string | null;
  /** It is a draft that is still worked on: changes can be asked for, and nothing else. */
  working: boolean;
  onDone: () => void;
};

/** The message and the three verdicts, in reach wherever one reads. */
export function VerdictBar({ task, agent, draft, setDraft, version, missing, working, onDone }: Props) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const [rejecting, setRejecting] = useState(false);
  const phone = usePhone();
  const bar = useRef<HTMLElement>(null);
  const give = useMutation({
    mutationFn: (verdict: Verdict) => giveReview(task.id, toReview(verdict, draft, version)),
    onSuccess: (answer, verdict) => {
      const told = { approve: say.approved(task.ref, answer.missing), request_changes: working ? say.told(agent) : say.sentBack(task.ref), reject: say.rejected(task.ref) }[verdict];
      toast({ text: told, tone: "work" });
      setDraft(EMPTY);
      onDone();
      client.setQueryData(taskKeys.one(task.id), answer.task);
    },
    onError: (error) => setProblem(asProblem(error).message),
    onSettled: () =>
      Promise.all([taskKeys.all, needKeys.all, reviewKeys.of(task.id)].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const changes = () => {
    if (says(draft)) give.mutate("request_changes");
    else {
      setProblem(say.sayWhat);
      bar.current?.querySelector("textarea")?.focus();
    }
  };
  useHotkeys({ a: () => !working && !give.isPending && give.mutate("approve"), r: () => !give.isPending && changes() });
  return (
    <section ref={bar} aria-label={say.title} className="sticky bottom-[68px] z-20 md:bottom-4">
      <div className="grid gap-2 rounded-m border border-line-strong bg-surface p-2.5 shadow-float">
        <MentionArea
          label={say.message}
          placeholder={phone ? say.messageShort(agent) : say.messageHint(agent)}
          text={draft.body}
          setText={(body) => {
            setDraft({ ...draft, body });
            setProblem(undefined);
          }}
          onSend={changes}
          rows={1}
        />
        {problem && (
          <p role="alert" className="px-1.5 text-s text-wrong">
            {problem}
          </p>
        )}
        <div className="flex flex-wrap items-center gap-1.5">
          <span className="min-w-0 flex-1 basis-[200px] px-1.5 text-s text-muted max-md:basis-full">
            {[draft.notes.length > 0 && say.notes(draft.notes.length), missing && say.stillNeeds(missing)].filter(Boolean).join(" · ")}
          </span>
          <span className="ml-auto flex gap-1.5 max-md:w-full">
            {!working && (
              <Button variant="danger" className="max-md:flex-1" onClick={() => setRejecting(true)} disabled={give.isPending}>
                {say.reject}
              </Button>
            )}
            <Button variant={working ? "primary" : "plain"} className="max-md:flex-1" onClick={changes} busy={give.isPending}>
              {say.changes} <KeyHint>r</KeyHint>
            </Button>
            {!working && (
              <Button variant="primary" className="max-md:flex-1" onClick={() => give.mutate("approve")} busy={give.isPending}>
                {say.approve} <KeyHint>a</KeyHint>
              </Button>
            )}
          </span>
        </div>
      </div>
      <Confirm open={rejecting} onOpenChange={setRejecting} title={say.rejectTitle(task.ref)} act={say.reject} onAct={() => give.mutate("reject")}>
        {say.rejectHelp}
      </Confirm>
    </section>
  );
}
