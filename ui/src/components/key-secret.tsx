import { CopyButton } from "@/components/copy-button";
import { agents } from "@/strings/agents";

/** A key's text, shown this once. */
export function KeySecret({ secret }: { secret: string }) {
  return (
    <div className="grid gap-2 rounded-m border border-line bg-wait-soft p-3">
      <p className="text-s text-wait">{agents.connect.keyOnce}</p>
      <div className="flex min-w-0 items-center gap-2">
        <code
          tabIndex={0}
          role="textbox"
          aria-readonly="true"
          aria-label={agents.connect.keyTitle}
          data-secret
          className="scroll-quiet min-w-0 flex-1 overflow-x-auto rounded-s border border-line bg-surface px-2 py-1.5 text-[12px] whitespace-nowrap select-all"
        >
          {secret}
        </code>
        <CopyButton text={secret} label={agents.connect.copyKey} variant="primary" size="m" />
      </div>
    </div>
  );
}
