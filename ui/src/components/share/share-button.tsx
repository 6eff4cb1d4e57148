import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Share2 } from "lucide-react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Shareable } from "@/api/shares";
import { createShare, revokeShare, shareKeys, sharesQuery } from "@/api/shares";
import type { Share } from "@/api/types";
import { Button } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { Dialog } from "@/components/dialog";
import { SelectField } from "@/components/field";
import { Ago, Due } from "@/components/figures";
import { ProblemNote } from "@/components/states";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { formatInstant } from "@/lib/format";
import { shares as say } from "@/strings/shares";

/** Makes links for people without an account, and takes them back. */
export function ShareButton({ what }: { what: Shareable }) {
  const [open, setOpen] = useState(false);
  const allowed = useMay("work");
  if (!allowed) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Share2 size={13} aria-hidden="true" /> {say.share}
      </Button>
      {open && <ShareDialog what={what} onClose={() => setOpen(false)} />}
    </>
  );
}

export function ShareDialog({ what, onClose }: { what: Shareable; onClose: () => void }) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(sharesQuery(what));
  const again = () => client.invalidateQueries({ queryKey: shareKeys.all });
  const make = useMutation({ mutationFn: (days: number) => createShare(what, days), onSettled: again });
  const revoke = useMutation({
    mutationFn: revokeShare,
    onSuccess: () => toast({ text: say.revoked }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: again,
  });
  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} title={say.title} description={say.help}>
      <div className="grid gap-4">
        <form
          className="flex flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate(Number(field(new FormData(event.currentTarget), "days")));
          }}
        >
          <span className="min-w-[140px] flex-1">
            <SelectField label={say.days} name="days" defaultValue="7" choices={say.dayChoices} />
          </span>
          <Button type="submit" variant="primary" busy={make.isPending}>
            {say.make}
          </Button>
        </form>
        {make.error && (
          <p role="alert" className="text-s text-wrong">
            {asProblem(make.error).message}
          </p>
        )}
        {make.data && (
          <div className="grid gap-1.5" role="status">
            <p className="text-s text-wait">{say.once}</p>
            <CodeBlock code={make.data.url} label={say.once} wrap />
          </div>
        )}
        {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
        {data && data.items.length > 0 && (
          <section aria-label={say.standing} className="grid gap-1.5">
            <h3 className="text-s font-[560] text-muted">{say.standing}</h3>
            <ul className="divide-y divide-line rounded-m border border-line">
              {data.items.map((share) => (
                <StandingLink key={share.id} share={share} onRevoke={() => revoke.mutate(share.id)} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </Dialog>
  );
}

function StandingLink({ share, onRevoke }: { share: Share; onRevoke: () => void }) {
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-s">
      <span className="min-w-0 flex-1">
        {say.of(share.created_by.name)}, <Ago at={share.created_at} />
        <span className="block text-muted">
          {say.until} <Due at={share.expires_at} /> · {share.opened_at ? <>{say.opened} <Ago at={share.opened_at} /></> : say.never}
        </span>
      </span>
      <Button size="s" variant="danger" aria-label={say.revokeLabel(share.created_by.name, formatInstant(share.created_at))} onClick={onRevoke}>
        {say.revoke}
      </Button>
    </li>
  );
}
