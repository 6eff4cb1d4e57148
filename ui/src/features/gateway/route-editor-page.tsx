import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { providersQuery } from "@/api/providers";
import { createRoute, routeKeys, routeQuery, saveRoute } from "@/api/routes";
import type { Route } from "@/api/types";
import { Button } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { AreaField, TextField } from "@/components/field";
import { Page, Section } from "@/components/page";
import { Segmented } from "@/components/segmented";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { DraftDryRun, useDraft } from "@/features/gateway/draft-dry-run";
import { NodeEditor } from "@/features/gateway/node-editor";
import { RouteVersions } from "@/features/gateway/route-versions";
import type { Json } from "@/features/gateway/tree-edit";
import { changed, idOf, jsonIn, modeOf } from "@/features/gateway/tree-edit";
import { words } from "@/strings/common";
import { gateway } from "@/strings/gateway";

const say = gateway.edit;
const FIRST: Json = { strategy: { mode: "fallback", on_status_codes: [429, 500, 502, 503, 504] }, targets: [{}, {}] };

/** One route, to be changed in its tree. */
export function RouteEditorPage({ name }: { name: string }) {
  const { data, error, refetch } = useQuery(routeQuery(name));
  if (error && !data)
    return (
      <Page title={name} answer={say.title(name)}>
        <ProblemNote error={error} retry={() => void refetch()} />
      </Page>
    );
  if (!data)
    return (
      <Page title={name} answer={say.title(name)}>
        <SkeletonRows rows={5} />
      </Page>
    );
  return <RouteEditor key={data.name} route={data} />;
}

type View = "tree" | "json" | "versions";

/** With no route a new one is made. */
export function RouteEditor({ route }: { route?: Route }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [saved, setSaved] = useState(route);
  const [config, setConfig] = useState<Json>(route?.config ?? FIRST);
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  const [view, setView] = useState<View>("tree");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const { data: known } = useQuery(providersQuery);
  const providers = (known?.items ?? []).map((each) => each.name);
  const draft = useDraft(config, providers);
  const allowed = useMay("administer") && !saved?.declared;
  const dirty = JSON.stringify(config) !== JSON.stringify(saved?.config ?? FIRST) || name !== "";
  const leaving = useBlocker({ shouldBlockFn: () => dirty && !busy, enableBeforeUnload: () => dirty, withResolver: true });

  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const made = await (saved ? saveRoute(saved, config, note) : createRoute(name.trim(), config, note));
      await client.invalidateQueries({ queryKey: routeKeys.all });
      toast({ text: gateway.saved, tone: "work" });
      if (saved) {
        setSaved(made);
        setNote("");
      } else await navigate({ to: "/gateway/routes/$name", params: { name: made.name } });
    } catch (error) {
      setProblem(asProblem(error).message);
    }
    setBusy(false);
  };
  const restored = (to: Route) => {
    setSaved(to);
    setConfig(to.config);
    setView("tree");
  };
  const wrong = draft.problems.size > 0;
  return (
    <Page
      title={saved?.name ?? gateway.newRoute}
      answer={saved ? say.title(saved.name) : gateway.newRoute}
      above={<Link to="/gateway">{gateway.title}</Link>}
      below={saved?.declared ? words.declared : wrong ? say.wrong : dirty ? say.dirty : saved ? say.version(saved.version) : undefined}
      actions={
        allowed && (
          <>
            <Button disabled={!dirty} onClick={() => restoreDraft(saved, setConfig, setName)}>
              {say.discard}
            </Button>
            <Button variant="primary" busy={busy} disabled={busy || !dirty || wrong || draft.checking || (!saved && name.trim() === "")} onClick={() => void save()}>
              {gateway.form.save}
            </Button>
          </>
        )
      }
      wide
    >
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <Segmented
          label={say.view}
          value={view}
          onChange={setView}
          options={[{ value: "tree", label: say.tree }, { value: "json", label: say.json }, ...(saved ? [{ value: "versions" as const, label: say.versions }] : [])]}
        />
      </div>
      {problem && (
        <p role="alert" className="mb-3 text-s text-wrong">
          {problem}
        </p>
      )}
      {view === "versions" && saved ? (
        <RouteVersions route={saved} allowed={allowed} rolledBack={restored} />
      ) : (
        <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_320px]">
          <div className="grid min-w-0 content-start gap-4">
            {!saved && <TextField label={gateway.form.name} hint={gateway.form.nameHint} value={name} onChange={(event) => setName(event.target.value)} required autoComplete="off" maxLength={63} />}
            {view === "json" ? (
              <JsonView config={config} change={setConfig} problems={draft.problems} />
            ) : (
              <div className="card overflow-x-auto p-4">
                <fieldset disabled={!allowed} className="min-w-0">
                  <legend className="sr-only">{say.tree}</legend>
                  <NodeEditor key={idOf(config)} node={config} way={[]} parentMode={null} siblings={1} editing={{ providers, problems: draft.problems, taken: draft.taken, change: (way, change) => setConfig((config) => changed(config, way, change)) }} />
                </fieldset>
                {modeOf(config) === null && <p className="mt-3 text-s text-faint">{say.oneTarget}</p>}
              </div>
            )}
            {allowed && dirty && saved && <TextField label={say.note} hint={say.noteHint} value={note} onChange={(event) => setNote(event.target.value)} maxLength={500} autoComplete="off" />}
          </div>
          <Section title={gateway.dry.title} className="lg:sticky lg:top-4 lg:self-start">
            <DraftDryRun draft={draft} />
            <p className="mt-2 text-s text-faint">{gateway.dry.help}</p>
          </Section>
        </div>
      )}
      <Confirm open={leaving.status === "blocked"} onOpenChange={(open) => !open && leaving.reset?.()} title={say.leaveTitle} act={say.leave} keep={say.stay} onAct={() => leaving.proceed?.()}>
        {say.leaveHelp}
      </Confirm>
    </Page>
  );
}

function restoreDraft(saved: Route | undefined, setConfig: (config: Json) => void, setName: (name: string) => void): void {
  setConfig(saved?.config ?? FIRST);
  setName("");
}

type JsonProps = { config: Json; change: (config: Json) => void; problems: Map<string, string[]> };

/** The same draft as text. What is no JSON yet stays here and out of the tree. */
function JsonView({ config, change, problems }: JsonProps) {
  const [typed, setTyped] = useState(() => JSON.stringify(config, null, 2));
  const [known, setKnown] = useState(config);
  if (known !== config) {
    setKnown(config);
    if (JSON.stringify(jsonIn(typed)) !== JSON.stringify(config)) setTyped(JSON.stringify(config, null, 2));
  }
  const broken = jsonIn(typed) === undefined;
  const lines = [...problems].flatMap(([place, found]) => found.map((each) => `${place}: ${each}`));
  return (
    <AreaField
      label={gateway.form.config}
      hint={gateway.form.configHint}
      error={broken ? gateway.form.notJson : lines.join("\n") || undefined}
      rows={24}
      spellCheck={false}
      className="font-mono text-[12px]"
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        const read = jsonIn(event.target.value);
        if (read) change(read);
      }}
    />
  );
}
