import { cx } from "@/lib/cx";
import { initials } from "@/lib/format";

/** Two letters. Agents are square, people are round. */
export function Avatar({ name, agent = false, title }: { name: string; agent?: boolean; title?: string }) {
  return (
    <span
      title={title ?? name}
      aria-hidden="true"
      // The letters are drawn, not text: a screen reader, and a search on the page, want the name only.
      data-letters={initials(name)}
      className={cx(
        "before:content-[attr(data-letters)] inline-grid size-5 shrink-0 place-items-center border border-line bg-sunken text-[9.5px] font-semibold text-muted",
        agent ? "rounded-[5px]" : "rounded-full",
      )}
    />
  );
}
