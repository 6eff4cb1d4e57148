import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { auditQuery } from "@/api/audit";
import type { AuditEntry } from "@/api/types";
import { Button } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { FilterSelect } from "@/components/field";
import { Ago } from "@/components/figures";
import { Page } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { changedValues, kindWords, shown } from "@/features/audit/changes";
import type { AuditSearch } from "@/features/audit/search";
import { choicesOf } from "@/lib/form";
import { audit as say } from "@/strings/audit";

type Props = { search: AuditSearch; setSearch: (search: AuditSearch) => void };

export function AuditPage({ search, setSearch }: Props) {
  const family = search.of && search.of in say.families ? search.of : "";
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(auditQuery(family && `${family}.*`));
  const rows = data?.pages.flatMap((page) => page.items);
  return (
    <Page
      title={say.title}
      answer={say.answer}
      below={say.below}
      actions={<FilterSelect label={say.all} value={family} onChange={(of) => setSearch({ of: of || undefined })} choices={choicesOf(say.families)} />}
    >
      {error && !rows ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !rows ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <Empty title={say.empty} />
      ) : (
        <>
          <DataTable label={say.title} columns={COLUMNS} rows={rows} rowId={(entry) => String(entry.seq)} />
          {hasNextPage && (
            <div className="mt-3 text-center">
              <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {say.more}
              </Button>
            </div>
          )}
        </>
      )}
    </Page>
  );
}

const COLUMNS: Column<AuditEntry>[] = [
  { id: "when", header: say.columns.when, cell: (entry) => <Ago at={entry.at} className="text-muted" /> },
  {
    id: "what",
    header: say.columns.what,
    cell: (entry) => (
      <span className="grid justify-items-start" title={`${entry.kind} ${entry.subject_id}`}>
        <span className="font-[560]">{kindWords(entry.kind)}</span>
        <Subject id={entry.subject_id} />
        <span className="text-s @min-[600px]:hidden">
          <Changes entry={entry} />
        </span>
      </span>
    ),
  },
  {
    id: "who",
    header: say.columns.who,
    cell: (entry) => (
      <span>
        {entry.actor?.name ?? <span className="text-muted">{say.system}</span>}
        {entry.on_behalf_of && <span className="block text-s text-muted">{say.for(entry.on_behalf_of.name)}</span>}
      </span>
    ),
  },
  { id: "via", header: say.columns.via, from: "lg", cell: (entry) => <span className="text-muted">{say.ways[entry.via] ?? entry.via}</span> },
  { id: "change", header: say.columns.change, from: "md", cell: (entry) => <Changes entry={entry} /> },
];

/** What the entry is of, where it has a page. */
function Subject({ id }: { id: string }) {
  const look = "inline-flex min-h-6 items-center text-s text-muted hover:underline pointer-coarse:min-h-10";
  switch (id.slice(0, 4)) {
    case "tsk_":
      return <Link to="/tasks/$taskId" params={{ taskId: id }} className={look}>{say.see.task}</Link>;
    case "run_":
      return <Link to="/runs/$runId" params={{ runId: id }} className={look}>{say.see.run}</Link>;
    case "agt_":
      return <Link to="/agents/$agentId" params={{ agentId: id }} className={look}>{say.see.agent}</Link>;
    default:
      return null;
  }
}

function Changes({ entry }: { entry: AuditEntry }) {
  const values = entry.changes.flatMap(changedValues);
  if (values.length === 0) return <span className="text-faint">{say.nothing}</span>;
  return (
    <details>
      <summary className="min-h-6 cursor-pointer text-muted pointer-coarse:min-h-10 pointer-coarse:py-2.5">{say.changed(values.length)}</summary>
      <dl className="mt-1 grid max-w-[60ch] gap-1 text-s">
        <div>
          <dt className="text-faint">{say.subject}</dt>
          <dd>
            <code className="text-[11px] break-all">{entry.subject_id}</code>
          </dd>
        </div>
        {values.map((value) => (
          <div key={`${value.row}-${value.name}`} className="min-w-0">
            <dt className="text-faint">{kindWords(value.name)}</dt>
            <dd className="break-words">
              {value.before !== undefined && <del className="text-muted">{shown(value.name, value.before)}</del>} {value.after !== undefined && <ins className="no-underline">{shown(value.name, value.after)}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
