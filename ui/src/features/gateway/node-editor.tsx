import { ArrowDown, ArrowUp, GitFork, Plus, SlidersHorizontal, Trash2 } from "lucide-react";
import { useId, useState } from "react";

import { Button, IconButton } from "@/components/button";
import { ForkFields } from "@/features/gateway/fork-fields";
import { LeafFields } from "@/features/gateway/leaf-fields";
import { treeOf } from "@/features/gateway/tree";
import type { Json, Mode, Way } from "@/features/gateway/tree-edit";
import { forked, idOf, isJson, MODES, modeOf, part, placeOf, targetsOf, withMember, withMode, withoutTarget, withTarget, withTargetMoved } from "@/features/gateway/tree-edit";
import { gateway } from "@/strings/gateway";

const say = gateway.edit;
const SELECT = "h-7 pointer-coarse:h-10 max-w-full min-w-0 rounded-s border border-line-strong bg-surface pr-6 pl-2 text-s font-[510] hover:border-field-line max-md:text-[16px]";

export type Editing = {
  providers: string[];
  problems: Map<string, string[]>;
  /** Where the dry run goes, by place. */
  taken: ReadonlySet<string>;
  change: (way: Way, change: (node: Json) => Json) => void;
};

type Props = { node: Json; way: Way; editing: Editing; parentMode: string | null; siblings: number };

/** One node of a route and all below it. Every act is a button, so the keyboard reaches it in the order of the tree. */
export function NodeEditor({ node, way, editing, parentMode, siblings }: Props) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const place = placeOf(way);
  const problems = editing.problems.get(place) ?? [];
  const change = (to: (node: Json) => Json) => editing.change(way, to);
  const mode = modeOf(node);
  const name = nameOf(node, way);
  return (
    <div>
      <div className={editing.taken.has(place) ? "rounded-s bg-accent-soft outline-1 outline-offset-2 outline-accent" : undefined}>
        <div className="flex flex-wrap items-center gap-1.5">
          {mode !== null ? (
            <select aria-label={say.modeOf(name)} value={mode} onChange={(event) => change((node) => withMode(node, event.target.value as Mode))} className={SELECT}>
              {MODES.map((each) => (
                <option key={each} value={each}>
                  {gateway.tree.modes[each]}
                </option>
              ))}
              {!(MODES as readonly string[]).includes(mode) && <option value={mode}>{mode}</option>}
            </select>
          ) : (
            <Provider node={node} name={name} editing={editing} change={change} />
          )}
          {parentMode === "loadbalance" && <Weight node={node} name={name} change={change} />}
          <Acts node={node} way={way} name={name} editing={editing} siblings={siblings} open={open} toggle={() => setOpen(!open)} controls={id} />
        </div>
        {problems.length > 0 && (
          <ul role="alert" className="mt-1 text-s text-wrong">
            {problems.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        )}
      </div>
      {open && (
        <div id={id} className="mt-2 rounded-s border border-line bg-sunken/50 p-3">
          {mode !== null && <ForkFields node={node} mode={mode} change={change} />}
          <LeafFields node={node} fork={mode !== null} named={parentMode === "conditional"} change={change} />
        </div>
      )}
      {mode !== null && <Targets node={node} way={way} mode={mode} editing={editing} />}
    </div>
  );
}

function Targets({ node, way, mode, editing }: { node: Json; way: Way; mode: string; editing: Editing }) {
  const targets = targetsOf(node);
  const whens = new Map(treeOf(node, placeOf(way)).branches.map((branch) => [branch.at, branch.when]));
  const whenAt = (at: number) => whens.get(placeOf([...way, at])) ?? null;
  return (
    <ul className="mt-2 ml-[3px] grid gap-2.5 border-l border-line-strong pl-4">
      {targets.map((target, at) => (
        <li key={isJson(target) ? idOf(target) : `at-${at}`} className="relative before:absolute before:top-3.5 before:-left-4 before:w-3 before:border-t before:border-line-strong">
          {whenAt(at) !== null && <p className="mb-1 text-s text-muted">{whenAt(at) === "" ? gateway.tree.otherwise : `${gateway.tree.when} ${whenAt(at)}`}</p>}
          <NodeEditor node={part(target)} way={[...way, at]} editing={editing} parentMode={mode} siblings={targets.length} />
        </li>
      ))}
      <li>
        <Button size="s" aria-label={say.addTo(nameOf(node, way))} onClick={() => editing.change(way, (fork) => withTarget(fork, mode === "conditional" ? { name: `target-${targets.length + 1}` } : {}))}>
          <Plus size={12} aria-hidden="true" /> {say.add}
        </Button>
      </li>
    </ul>
  );
}

type PartProps = { node: Json; name: string; change: (to: (node: Json) => Json) => void };

function Provider({ node, name, editing, change }: PartProps & { editing: Editing }) {
  const key = node.provider === undefined && typeof node.virtual_key === "string" ? "virtual_key" : "provider";
  const value = typeof node[key] === "string" ? node[key] : "";
  const model = part(node.override_params).model;
  return (
    <>
      <select aria-label={say.providerOf(name)} value={value} onChange={(event) => change((node) => withMember(node, [key], event.target.value || undefined))} className={SELECT}>
        <option value="">{gateway.tree.asked}</option>
        {[...new Set([...editing.providers, ...(value ? [value] : [])])].map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
      <input
        aria-label={say.modelOf(name)}
        value={typeof model === "string" ? model : ""}
        placeholder={say.modelAsked}
        onChange={(event) => change((node) => withMember(node, ["override_params", "model"], event.target.value || undefined))}
        className={`${SELECT} w-[170px] pr-2 font-normal max-md:w-full`}
      />
    </>
  );
}

function Weight({ node, name, change }: PartProps) {
  return (
    <label className="flex items-center gap-1.5 text-s text-muted">
      {say.weight}
      <input
        type="number"
        min={0}
        step="any"
        aria-label={say.weightOf(name)}
        value={typeof node.weight === "number" ? node.weight : ""}
        placeholder="1"
        onChange={(event) => change((node) => withMember(node, ["weight"], event.target.value === "" ? undefined : event.target.valueAsNumber))}
        className={`${SELECT} num w-16 pr-1`}
      />
    </label>
  );
}

type ActsProps = { node: Json; way: Way; name: string; editing: Editing; siblings: number; open: boolean; toggle: () => void; controls: string };

function Acts({ node, way, name, editing, siblings, open, toggle, controls }: ActsProps) {
  const parent = way.slice(0, -1);
  const index = way[way.length - 1] ?? 0;
  const move = (by: 1 | -1) => (event: React.MouseEvent<HTMLButtonElement>) => {
    const button = event.currentTarget;
    editing.change(parent, (fork) => withTargetMoved(fork, index, by));
    // The row moves in the page, and the focus with it: to move it further is the same key again.
    requestAnimationFrame(() => button.focus());
  };
  return (
    <span className="flex items-center">
      <IconButton label={say.settingsOf(name)} aria-expanded={open} aria-controls={open ? controls : undefined} onClick={toggle} className={open ? "bg-sunken text-ink" : undefined}>
        <SlidersHorizontal size={13} />
      </IconButton>
      <IconButton label={say.forkOf(name)} onClick={() => editing.change(way, () => forked(node))}>
        <GitFork size={13} />
      </IconButton>
      {way.length > 0 && (
        <>
          <IconButton label={say.up(name)} aria-disabled={index === 0} onClick={move(-1)} className="aria-disabled:opacity-50">
            <ArrowUp size={13} />
          </IconButton>
          <IconButton label={say.down(name)} aria-disabled={index === siblings - 1} onClick={move(1)} className="aria-disabled:opacity-50">
            <ArrowDown size={13} />
          </IconButton>
          <IconButton label={say.removeOf(name)} disabled={siblings === 1} onClick={() => editing.change(parent, (fork) => withoutTarget(fork, index))} className="hover:text-wrong">
            <Trash2 size={13} />
          </IconButton>
        </>
      )}
    </span>
  );
}

/** What a node is called in labels: its place among the others and what it is. */
function nameOf(node: Json, way: Way): string {
  const what = [node.name, node.provider, node.virtual_key].find((each) => typeof each === "string");
  const place = way.length === 0 ? say.whole : say.target(way.map((each) => each + 1).join("."));
  return what === undefined ? place : `${place} (${what})`;
}
