import { SelectField } from "@/components/field";
import type { Change } from "@/features/gateway/setting-field";
import { CodesSetting, JsonSetting, NumberSetting, TextSetting } from "@/features/gateway/setting-field";
import type { Json } from "@/features/gateway/tree-edit";
import { part, withMember } from "@/features/gateway/tree-edit";
import { gateway } from "@/strings/gateway";

const say = gateway.edit;

type Props = { node: Json; fork: boolean; named: boolean; change: Change };

/** What any node may say: it holds for all below it, unless they say otherwise. */
export function LeafFields({ node, fork, named, change }: Props) {
  const kind = typeof node.cache === "string" ? node.cache : part(node.cache).mode;
  const setCache = (mode: string) =>
    change((node) => withMember(node, ["cache"], mode === "" ? undefined : typeof node.cache === "object" && node.cache !== null ? { ...node.cache, mode } : { mode }));
  return (
    <div className="grid gap-3">
      {fork && <p className="text-s text-muted">{say.below}</p>}
      <div className="grid grid-cols-[repeat(auto-fill,minmax(150px,1fr))] gap-3">
        {(named || typeof node.name === "string") && <TextSetting node={node} way={["name"]} label={say.name} change={change} />}
        <NumberSetting node={node} way={["retry", "attempts"]} label={say.retries} change={change} />
        <NumberSetting node={node} way={["request_timeout"]} label={say.total} change={change} />
        <NumberSetting node={node} way={["timeouts", "first_byte_ms"]} label={say.firstByte} change={change} />
        <NumberSetting node={node} way={["timeouts", "idle_ms"]} label={say.idle} change={change} />
        <SelectField
          label={say.cache}
          value={typeof kind === "string" ? kind : ""}
          onChange={(event) => setCache(event.target.value)}
          choices={[
            { value: "", label: say.caches.none },
            { value: "simple", label: say.caches.simple },
            { value: "semantic", label: say.caches.semantic },
          ]}
        />
        {kind !== undefined && typeof node.cache === "object" && <NumberSetting node={node} way={["cache", "max_age"]} label={say.maxAge} change={change} />}
        <CodesSetting node={node} way={["retry", "on_status_codes"]} label={say.retryOn} change={change} />
      </div>
      <JsonSetting node={node} way={["override_params"]} label={say.override} hint={say.overrideHint} change={change} />
    </div>
  );
}
