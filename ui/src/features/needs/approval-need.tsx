import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { approvalKeys, approvalQuery, decideApproval } from "@/api/approvals";
import { useMay } from "@/api/may";
import { needKeys } from "@/api/needs";
import { asProblem } from "@/api/problem";
import type { Approval, Need } from "@/api/types";
import { Button } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { Due } from "@/components/figures";
import { KeyHint } from "@/components/kbd";
import { toast } from "@/components/toast";
import { needs as say } from "@/strings/needs";

/** An action that an agent may not take alone: what it is, exactly, and the two answers. */
export function ApprovalNeed({ need, later }: { need: Need; later: ReactNode }) {
  const client = useQueryClient();
  const allowed = useMay("review");
  const { data: approval } = useQuery(approvalQuery(need.subject_id));
  const decide = useMutation({
    mutationFn: ({ it, verdict }: { it: Approval; verdict: "approve" | "deny" }) => decideApproval(it, verdict),
    onSuccess: (_done, { verdict }) => toast({ text: verdict === "approve" ? say.allowed : say.denied, tone: "work" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all([needKeys.all, approvalKeys.all].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  return (
    <>
      <p className="text-muted">
        {approval ? say.wantsTo(approval.agent.name, approval.action) : need.text}
        {approval?.summary && ` ${approval.summary}`}
      </p>
      {approval && <CodeBlock code={JSON.stringify(approval.payload, null, 2)} label={say.payload} copy={false} wrap className="[&>pre]:max-h-40" />}
      <div className="flex flex-wrap items-center gap-1.5">
        {approval && allowed && (
          <>
            <Button data-act="a" busy={decide.isPending} onClick={() => decide.mutate({ it: approval, verdict: "approve" })}>
              {say.allow} <KeyHint>a</KeyHint>
            </Button>
            <Button data-act="r" variant="danger" busy={decide.isPending} onClick={() => decide.mutate({ it: approval, verdict: "deny" })}>
              {say.deny} <KeyHint>r</KeyHint>
            </Button>
            <span className="text-s text-muted">
              {say.expires} <Due at={approval.expires_at} />
            </span>
          </>
        )}
        {later}
      </div>
    </>
  );
}
