import { CopyButton } from "@/components/copy-button";
import { cx } from "@/lib/cx";

type Props = { code: string; label: string; copy?: boolean; wrap?: boolean; className?: string };

/** Text as it is, in a box of its own that scrolls by keyboard too. */
export function CodeBlock({ code, label, copy = true, wrap = false, className }: Props) {
  return (
    <div className={cx("relative min-w-0", className)}>
      {copy && (
        <div className="absolute top-1.5 right-1.5">
          <CopyButton text={code} />
        </div>
      )}
      <pre
        tabIndex={0}
        role="region"
        aria-label={label}
        className={cx(
          "scroll-quiet max-h-[60vh] overflow-auto rounded-s border border-line bg-sunken p-3 text-[12px] leading-[1.6]",
          // The button lies over no text: wrapped lines flow around it, others begin below it where there is no room beside.
          copy && !wrap && "pr-20 max-md:pt-12 max-md:pr-3",
          wrap && "break-words whitespace-pre-wrap",
        )}
      >
        {copy && wrap && <span aria-hidden="true" className="float-right h-8 w-20 pointer-coarse:h-10" />}
        {code}
      </pre>
    </div>
  );
}
