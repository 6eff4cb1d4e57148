import { useSuspenseQuery } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { settingsQuery } from "@/api/settings";
import type { Settings } from "@/api/types";
import { Button } from "@/components/button";
import { CodeBlock } from "@/components/code-block";
import { Facts } from "@/components/facts";
import { Page, Section } from "@/components/page";
import { Members } from "@/features/settings/members";
import { SignalRulesSection } from "@/features/settings/signal-rules-section";
import { WorkspaceDialog } from "@/features/settings/workspace-dialog";
import { formatBytes, formatDuration } from "@/lib/format";
import { agents } from "@/strings/agents";
import { words } from "@/strings/common";
import { settings as say } from "@/strings/settings";

/** `password` is the card that changes one's own password, which belongs to signing in; `templates` those of tasks. */
export function SettingsPage({ password, templates }: { password: React.ReactNode; templates: React.ReactNode }) {
  const { data: settings } = useSuspenseQuery(settingsQuery);
  const [changing, setChanging] = useState(false);
  const allowed = useMay("administer");
  return (
    <Page
      title={say.title}
      answer={say.answer(settings.workspace.name, settings.version)}
      actions={
        <a href="/api/openapi.json" className="inline-flex min-h-6 items-center text-s text-accent hover:underline pointer-coarse:min-h-10">
          {say.api}
        </a>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-2">
        <Section title={say.gateway}>
          <div className="card grid gap-2 p-4">
            <p className="text-s text-muted">{say.baseUrl}</p>
            <CodeBlock code={settings.gateway.base_url} label={say.baseUrl} />
            <p className="text-s text-faint">{say.baseUrlHelp}</p>
          </div>
        </Section>
        <Section
          title={say.workspace}
          aside={
            allowed && (
              <Button size="s" onClick={() => setChanging(true)}>
                <Pencil size={12} aria-hidden="true" /> {say.changeAct}
              </Button>
            )
          }
        >
          <div className="card p-4">
            <Facts facts={facts(settings)} />
          </div>
        </Section>
        <div className="min-w-0 lg:col-span-2">
          <Members />
        </div>
        <div className="min-w-0 lg:col-span-2">
          <SignalRulesSection />
        </div>
        <div className="min-w-0 lg:col-span-2">{templates}</div>
        <Section title={say.password}>
          <div className="card p-4">{password}</div>
        </Section>
        <Section title={say.ingest}>
          <div className="card p-4">
            <Facts facts={ingestFacts(settings)} />
          </div>
        </Section>
      </div>
      {changing && <WorkspaceDialog settings={settings} onClose={() => setChanging(false)} />}
    </Page>
  );
}

const kept = (days: number | null): string => (days === null ? say.forEver : say.days(days));

const facts = (settings: Settings) => [
  { label: say.name, value: settings.workspace.name },
  { label: say.bodies, value: agents.page.bodyModes[settings.workspace.body_mode as keyof typeof agents.page.bodyModes] },
  { label: say.bodiesFor, value: kept(settings.retention.bodies_days) },
  { label: say.callsFor, value: kept(settings.retention.calls_days) },
];

function ingestFacts({ ingest }: Settings) {
  const waits = ingest.backlog_records > 0 ? say.records(words.calls(ingest.backlog_records), formatBytes(ingest.backlog_bytes)) : say.nothingWaits;
  return [
    { label: say.backlog, value: waits },
    ...(ingest.lag_ms > 0 ? [{ label: say.lag, value: formatDuration(ingest.lag_ms) }] : []),
  ];
}
