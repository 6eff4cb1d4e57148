import { Plus, Trash2 } from "lucide-react";

import { Button, IconButton } from "@/components/button";
import { SelectField } from "@/components/field";
import type { Change } from "@/features/gateway/setting-field";
import { CodesSetting, JsonSetting, NumberSetting } from "@/features/gateway/setting-field";
import type { Json } from "@/features/gateway/tree-edit";
import { CHOOSING, part, targetsOf, withMember } from "@/features/gateway/tree-edit";
import { gateway } from "@/strings/gateway";

const say = gateway.edit;

type Props = { node: Json; mode: string; change: Change };

/** What a fork's mode may be told. */
export function ForkFields({ node, mode, change }: Props) {
  const setting = { node, change };
  return (
    <div className="mb-3 grid gap-3 empty:hidden">
      {(mode === "fallback" || CHOOSING.includes(mode)) && (
        <CodesSetting key={mode} {...setting} way={["strategy", "on_status_codes"]} label={mode === "fallback" ? say.fallbackOn : say.goesOnOn} hint={mode === "fallback" ? say.fallbackOnHint : say.goesOnHint} />
      )}
      {mode === "loadbalance" && <JsonSetting {...setting} way={["strategy", "sticky"]} label={say.sticky} hint={say.stickyHint} />}
      {mode === "canary" && (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(150px,1fr))] gap-3">
          <NumberSetting {...setting} way={["strategy", "canary", "share"]} label={say.share} hint={say.shareHint} />
          <NumberSetting {...setting} way={["strategy", "canary", "requests"]} label={say.requests} />
          <NumberSetting {...setting} way={["strategy", "canary", "max_error_excess"]} label={say.errorExcess} />
          <NumberSetting {...setting} way={["strategy", "canary", "max_latency_ratio"]} label={say.latencyRatio} />
        </div>
      )}
      {mode === "hedge" && (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(150px,1fr))] gap-3">
          <NumberSetting {...setting} way={["strategy", "hedge", "after_ms"]} label={say.after} />
          <NumberSetting {...setting} way={["strategy", "hedge", "percentile"]} label={say.percentile} />
        </div>
      )}
      {mode === "shadow" && <NumberSetting {...setting} way={["strategy", "sample"]} label={say.sample} hint={say.shareHint} />}
      {mode === "conditional" && <Conditions node={node} change={change} />}
    </div>
  );
}

function Conditions({ node, change }: { node: Json; change: Change }) {
  const strategy = part(node.strategy);
  const conditions = Array.isArray(strategy.conditions) ? (strategy.conditions as unknown[]) : [];
  const names = targetsOf(node).flatMap((target) => (typeof part(target).name === "string" ? [part(target).name as string] : []));
  const set = (conditions: unknown[]) => change((node) => withMember(node, ["strategy", "conditions"], conditions));
  const choices = names.map((name) => ({ value: name, label: name }));
  return (
    <div className="grid gap-3">
      {conditions.map((condition, at) => (
        <div key={at} className="grid gap-2 md:grid-cols-[minmax(0,1fr)_160px_auto] md:items-start">
          <JsonSetting node={part(condition)} way={["query"]} label={say.query(at + 1)} hint={say.queryHint} change={(to) => set(conditions.map((each, index) => (index === at ? to(part(each)) : each)))} />
          <SelectField
            label={say.then}
            value={typeof part(condition).then === "string" ? (part(condition).then as string) : ""}
            choices={[{ value: "", label: say.choose }, ...choices]}
            onChange={(event) => set(conditions.map((each, index) => (index === at ? { ...part(each), then: event.target.value } : each)))}
          />
          <IconButton label={say.dropCondition(at + 1)} disabled={conditions.length === 1} onClick={() => set(conditions.filter((_, index) => index !== at))} className="md:mt-6">
            <Trash2 size={13} />
          </IconButton>
        </div>
      ))}
      <div className="flex flex-wrap items-end gap-3">
        <Button size="s" onClick={() => set([...conditions, { query: {}, then: names[0] ?? "" }])}>
          <Plus size={12} aria-hidden="true" /> {say.addCondition}
        </Button>
        <SelectField
          label={say.otherwise}
          value={typeof strategy.default === "string" ? strategy.default : ""}
          choices={[{ value: "", label: say.refuse }, ...choices]}
          onChange={(event) => change((node) => withMember(node, ["strategy", "default"], event.target.value || undefined))}
        />
      </div>
    </div>
  );
}
