import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { Agent } from "@/api/types";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { KeySecret } from "@/components/key-secret";
import { ConnectSnippets, FirstCall } from "@/features/agents/connect";
import { useMakeAgent } from "@/features/agents/use-make-agent";
import { field } from "@/lib/form";
import { agents } from "@/strings/agents";

const say = agents.teach;

type Props = { /** The key was copied; until then nothing may take it from the screen. */ onDone: () => void };

/** The empty house teaches: a name, then lines to paste that hold this server's address and a fresh key, then the first call. */
export function TeachConnect({ onDone }: Props) {
  const make = useMakeAgent();
  const [made, setMade] = useState<{ agent: Agent; secret: string }>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const allowed = useMay("operate");
  const submit = async (form: FormData) => {
    setBusy(true);
    setProblem(undefined);
    try {
      setMade(await make({ name: field(form, "name").trim() }));
    } catch (error) {
      setProblem(asProblem(error).message);
    }
    setBusy(false);
  };
  if (!allowed) return <p className="card px-5 py-4 text-muted">{say.mayNot}</p>;
  return (
    <section aria-label={say.title} className="card grid min-w-0 gap-4 p-5">
      <div>
        <h2 className="font-[560]">{say.title}</h2>
        <p className="text-muted">{say.help}</p>
      </div>
      {made ? (
        <>
          <KeySecret secret={made.secret} />
          <ConnectSnippets secret={made.secret} />
          <FirstCall agentId={made.agent.id} onOpen={onDone} />
          <p className="text-right">
            <Button variant="primary" onClick={onDone}>
              {agents.connect.close}
            </Button>
          </p>
        </>
      ) : (
        <>
          <form
            className="flex flex-wrap items-end gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              void submit(new FormData(event.currentTarget));
            }}
          >
            <div className="min-w-0 flex-1 basis-[220px]">
              <TextField label={say.name} name="name" required maxLength={100} autoComplete="off" defaultValue={say.firstName} error={problem} />
            </div>
            <Button type="submit" variant="primary" busy={busy} className="h-8 pointer-coarse:h-10">
              {say.act}
            </Button>
          </form>
          <ConnectSnippets secret={undefined} />
        </>
      )}
    </section>
  );
}
