import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";

import { sessionQuery } from "@/api/session";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { PasswordForm } from "@/features/session/password-form";
import { remember, remembered } from "@/lib/storage";
import { session as say } from "@/strings/session";

const LATER = "password-later";

/** Whoever came by a link is offered a password of their own; until then each way back needs another link. It stands in nobody's way. */
export function PasswordCard() {
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [asking, setAsking] = useState(false);
  const [later, setLater] = useState(remembered(LATER) === session.member.id);
  if (session.password_set || later) return null;
  return (
    <section aria-label={say.setTitle} className="card mb-5 flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <p className="min-w-0 flex-1 basis-[240px]">{say.cardHelp}</p>
      <span className="flex gap-2">
        <Button variant="primary" onClick={() => setAsking(true)}>
          {say.setTitle}
        </Button>
        <Button
          onClick={() => {
            remember(LATER, session.member.id);
            setLater(true);
          }}
        >
          {say.notNow}
        </Button>
      </span>
      <Dialog open={asking} onOpenChange={setAsking} title={say.setTitle}>
        <PasswordForm hasPassword={false} titled={false} onDone={() => setAsking(false)} onLater={() => setAsking(false)} />
      </Dialog>
    </section>
  );
}
