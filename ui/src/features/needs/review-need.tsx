import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";

import { diffQuery } from "@/api/deliverables";
import { useMay } from "@/api/may";
import { needKeys } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { giveReview, reviewKeys } from "@/api/reviews";
import { taskKeys } from "@/api/tasks";
import type { Need, ReviewDraft, Task } from "@/api/types";
import { Button, buttonClass } from "@/components/button";
import { Composer } from "@/components/composer/composer";
import { Money } from "@/components/figures";
import { KeyHint } from "@/components/kbd";
import { toast } from "@/components/toast";
import { changeCount } from "@/components/version/diff-rows";
import { isText } from "@/components/version/version-view";
import { needs as say } from "@/strings/needs";
import { reviews } from "@/strings/reviews";

type Awaited = NonNullable<Need["review"]>;

/** A review in place: what came, what it cost, and the two answers. What wants reading is one click away. */
export function ReviewNeed({ need, later }: { need: Need; later: ReactNode }) {
  const [writing, setWriting] = useState(false);
  const client = useQueryClient();
  const allowed = useMay("review");
  const latest = need.review?.latest_version;
  const send = async (body: ReviewDraft) => {
    const answer = await giveReview(need.subject_id, body);
    toast({ text: body.verdict === "approve" ? reviews.approved(answer.task.ref, answer.missing) : reviews.sentBack(answer.task.ref), tone: "work" });
    client.setQueryData<Task>(taskKeys.one(need.subject_id), answer.task);
    await Promise.all([needKeys.all, taskKeys.all, reviewKeys.of(need.subject_id)].map((queryKey) => client.invalidateQueries({ queryKey })));
  };
  const approve = useMutation({
    mutationFn: () => send({ verdict: "approve", ...(latest ? { deliverable_id: latest.deliverable_id, version: latest.version } : {}) }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
  });
  return (
    <>
      <p className="text-muted">{need.review && <Came need={need} review={need.review} />}</p>
      {writing ? (
        <Composer autoFocus label={say.whatToChange} placeholder={say.whatToChange} act={say.send} onCancel={() => setWriting(false)} onSend={(body) => send({ verdict: "request_changes", body })} />
      ) : (
        <div className="flex flex-wrap items-center gap-1.5">
          {allowed && (
            <>
              <Button data-act="a" busy={approve.isPending} onClick={() => approve.mutate()}>
                {say.approve} <KeyHint>a</KeyHint>
              </Button>
              <Button data-act="r" onClick={() => setWriting(true)}>
                {say.sendBack} <KeyHint>r</KeyHint>
              </Button>
            </>
          )}
          <Link to="/reviews/$taskId" params={{ taskId: need.subject_id }} className={buttonClass("quiet")}>
            {say.look}
          </Link>
          {later}
        </div>
      )}
    </>
  );
}

/** "T-5 · version 2 by summarisation · +5 −3 lines since version 1 · $0.03 so far" */
function Came({ need, review }: { need: Need; review: Awaited }) {
  const latest = review.latest_version;
  const compares = latest !== null && latest.version > 1 && isText(latest.kind as Parameters<typeof isText>[0]);
  const { data: diff } = useQuery({ ...diffQuery(latest?.deliverable_id ?? "", (latest?.version ?? 2) - 1, latest?.version ?? 2), enabled: compares, retry: false });
  const lines = diff && changeCount(diff.hunks);
  return (
    <>
      {[
        need.task?.ref,
        latest ? say.version(latest.version) : say.nothingIn,
        review.agent?.name,
        latest && lines ? say.lines(lines.added, lines.removed, latest.version - 1) : latest?.version === 1 && say.firstVersion,
      ]
        .filter(Boolean)
        .join(" · ")}
      {" · "}
      <Link to="/calls" search={{ task: need.subject_id }} className="hover:underline">
        <Money nano={review.cost_nano} unpriced={review.unpriced_calls} /> {say.costSoFar}
      </Link>
    </>
  );
}
