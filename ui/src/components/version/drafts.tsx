import { Link } from "@tanstack/react-router";

import type { Deliverable, Version } from "@/api/types";
import { Chip } from "@/components/chip";
import { Ago, Money } from "@/components/figures";
import type { LineNotes } from "@/components/version/lines";
import { isText, VersionView } from "@/components/version/version-view";
import { words } from "@/strings/common";
import { deliverables as say } from "@/strings/deliverables";

/** Which version of which deliverable is looked at, and what it is compared with (null: with nothing). */
export type Picked = { deliverableId?: string | undefined; version?: number | undefined; against?: number | null | undefined };

export type Standing = { deliverable: Deliverable; version: Version; before: Version | undefined };

/** What is shown when nothing was picked: the newest version of all, beside the one before it. Pure. */
export function standing(deliverables: Deliverable[], picked: Picked): Standing | undefined {
  const byNewest = [...deliverables].sort((a, b) => newestAt(b) - newestAt(a));
  const deliverable = byNewest.find((each) => each.id === picked.deliverableId) ?? byNewest[0];
  const version = deliverable?.versions.find((each) => each.number === picked.version) ?? deliverable?.versions[0];
  if (!deliverable || !version) return undefined;
  const older = deliverable.versions.filter((each) => each.number < version.number);
  const before = picked.against === null ? undefined : (older.find((each) => each.number === picked.against) ?? older[0]);
  return { deliverable, version, before };
}

const newestAt = (deliverable: Deliverable): number => Date.parse(deliverable.versions[0]?.created_at ?? deliverable.created_at);

type Props = { deliverables: Deliverable[]; picked: Picked; onPick: (picked: Picked) => void; notes?: LineNotes };

/** The draft beside the version before it, with the way to any other version. */
export function Drafts({ deliverables, picked, onPick, notes }: Props) {
  const now = standing(deliverables, picked);
  if (!now) return <p className="card px-4 py-3 text-faint">{say.empty}</p>;
  const { deliverable, version, before } = now;
  return (
    <div className="card @container min-w-0 overflow-hidden">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-4 py-2.5">
        {deliverables.length > 1 ? (
          <Pick label={say.title} value={deliverable.id} onChange={(id) => onPick({ deliverableId: id })} choices={deliverables.map((each) => ({ value: each.id, label: each.name }))} />
        ) : (
          <b className="min-w-0 truncate">{deliverable.name}</b>
        )}
        <Chip tone={version.draft ? "wait" : "review"}>{version.draft ? say.draft(version.number) : say.version(version.number)}</Chip>
        <span className="text-s text-muted">
          {say.by(version.author.name)} <Ago at={version.created_at} /> ·{" "}
          <Link to="/runs/$runId" params={{ runId: version.run_id }} className="hover:underline">
            <Money nano={version.cost_nano} unpriced={version.unpriced_calls} /> · {words.calls(version.calls)}
          </Link>
        </span>
      </div>
      {version.note && <p className="border-b border-line px-4 py-2 text-muted">{version.note}</p>}
      <VersionView key={`${deliverable.id}-${version.number}-${before?.number ?? 0}`} deliverable={deliverable} version={version} before={before} tools={deliverable.versions.length > 1 && <Compare now={now} onPick={onPick} />} {...(notes ? { notes } : {})} />
    </div>
  );
}

function Compare({ now: { deliverable, version, before }, onPick }: { now: Standing; onPick: (picked: Picked) => void }) {
  const pick = (change: Picked) => onPick({ deliverableId: deliverable.id, version: version.number, ...change });
  const older = deliverable.versions.filter((each) => each.number < version.number);
  return (
    <span className="flex min-w-0 items-center gap-1.5 text-s text-muted max-md:flex-wrap">
      <Pick
        label={say.pick}
        value={String(version.number)}
        onChange={(number) => pick({ version: Number(number), against: undefined })}
        choices={deliverable.versions.map((each) => ({ value: String(each.number), label: say.version(each.number) }))}
      />
      {older.length > 0 && (isText(deliverable.kind) || deliverable.kind === "image") && (
        <Pick
          label={say.compare}
          value={before ? String(before.number) : ""}
          onChange={(number) => pick({ against: number ? Number(number) : null })}
          choices={[...older.map((each) => ({ value: String(each.number), label: say.comparedWith(each.number) })), { value: "", label: "–" }]}
        />
      )}
    </span>
  );
}

type PickProps = { label: string; value: string; onChange: (value: string) => void; choices: { value: string; label: string }[] };

function Pick({ label, value, onChange, choices }: PickProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="h-[30px] pointer-coarse:h-10 max-w-[200px] min-w-0 rounded-s max-md:max-w-full max-md:flex-1 max-md:basis-[170px] border border-line-strong bg-surface pr-5 pl-1.5 text-s hover:border-field-line max-md:text-[16px]"
    >
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}
