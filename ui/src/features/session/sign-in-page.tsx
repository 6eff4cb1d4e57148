import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { asProblem } from "@/api/problem";
import { sessionKeys, signInByLink, signInByPassword } from "@/api/session";
import type { Session } from "@/api/types";
import { Button } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { TextField } from "@/components/field";
import { SubmitForm } from "@/components/submit-form";
import type { SignInSearch } from "@/features/session/search";
import { field } from "@/lib/form";
import { usePageTitle } from "@/lib/title";
import { words } from "@/strings/common";
import { session as say } from "@/strings/session";

type Props = { search: SignInSearch; mark: React.ReactNode; onDone: (next: string) => unknown; forgetToken: () => void };

/** The door: a one-time link, or a password of one's own, which is offered inside. */
export function SignInPage({ search, mark, onDone, forgetToken }: Props) {
  usePageTitle(say.title);
  const client = useQueryClient();
  const { refused, opening } = useLink(search.token, forgetToken, (session) => {
    client.setQueryData(sessionKeys.all, session);
    onDone(search.next ?? "/");
  });

  return (
    <main className="grid min-h-dvh content-start justify-items-center px-4 pt-[14vh] pb-10">
      <div className="w-full max-w-[380px]">
        <div className="mb-6 flex items-center gap-2.5">
          {mark}
          <p className="text-l font-semibold">{words.product}</p>
        </div>
        <div className="card p-5">
          {opening ? (
            <h1 role="status">{say.signingIn}</h1>
          ) : (
            <SignInForm
              refused={refused}
              onSession={(session) => {
                client.setQueryData(sessionKeys.all, session);
                onDone(search.next ?? "/");
              }}
            />
          )}
        </div>
      </div>
    </main>
  );
}

/** Why a link did not open the door; `again` where the link still may. */
type Refused = { text: string; again?: () => void };

/** Uses the link's token exactly once, also where React runs effects twice. A server that fails has not used it up. */
function useLink(token: string | undefined, forget: () => void, onSession: (session: Session) => void) {
  const [refused, setRefused] = useState<Refused>();
  const [opening, setOpening] = useState(token !== undefined);
  const used = useRef<string>(undefined);
  const open = (link: string) => {
    setOpening(true);
    void signInByLink(link).then(
      (session) => {
        forget();
        onSession(session);
      },
      (error: unknown) => {
        const problem = asProblem(error);
        const spent = problem.status === 401 || problem.status === 422;
        if (spent) forget();
        setRefused(spent ? { text: say.linkUsed } : { text: problem.message, again: () => open(link) });
        setOpening(false);
      },
    );
  };
  useEffect(() => {
    if (token === undefined || used.current === token) return;
    used.current = token;
    open(token);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the token decides; the callbacks are new each time
  }, [token]);
  return { refused, opening };
}

function SignInForm({ refused, onSession }: { refused: Refused | undefined; onSession: (session: Session) => void }) {
  const submit = async (form: FormData) => {
    try {
      onSession(await signInByPassword({ email: field(form, "email"), password: field(form, "password") }));
    } catch (error) {
      throw asProblem(error).status === 401 ? new Error(say.wrong, { cause: error }) : error;
    }
  };
  return (
    <div className="grid gap-4">
      <h1 className="text-l font-semibold">{say.title}</h1>
      {refused && (
        <div role="alert" className="grid justify-items-start gap-2 rounded-s bg-wrong-soft p-3 text-s">
          <p className="font-[560] text-wrong">{refused.text}</p>
          {refused.again ? (
            <>
              <p>{say.linkStands}</p>
              <Button onClick={refused.again}>{words.tryAgain}</Button>
            </>
          ) : (
            <>
              <p>{say.linkHelp}</p>
              <div className="w-full min-w-0">
                <CodeBlock code={say.linkCommand} label={say.linkCommandLabel} />
              </div>
            </>
          )}
        </div>
      )}
      <SubmitForm act={say.signIn} submit={submit}>
        <TextField label={say.email} name="email" type="email" autoComplete="username" required />
        <TextField label={say.password} name="password" type="password" autoComplete="current-password" required />
      </SubmitForm>
      {!refused && (
        <div className="grid gap-2 border-t border-line pt-4 text-s text-muted">
          <p>{say.noLink}</p>
          <CodeBlock code={say.linkCommand} label={say.linkCommandLabel} />
        </div>
      )}
    </div>
  );
}
