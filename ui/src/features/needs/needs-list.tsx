import { useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";

import { MORE, needsQuery, waiting } from "@/api/needs";
import { Button } from "@/components/button";
import { Kbd } from "@/components/kbd";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { NeedCard } from "@/features/needs/need-card";
import { useHotkeys } from "@/lib/hotkeys";
import { needs as say } from "@/strings/needs";

/** All that waits for whoever looks, longest waiting first; j and k walk it, a and r answer what is chosen. */
export function NeedsList() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(needsQuery);
  const list = useRef<HTMLUListElement>(null);
  const cards = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-need]") ?? [])];
  const here = () => cards().find((card) => card.contains(document.activeElement));
  const act = (key: string) => (here() ?? cards()[0])?.querySelector<HTMLElement>(`[data-act="${key}"]`)?.click();
  const next = () => {
    const found = cards();
    const at = found.findIndex((card) => card.contains(document.activeElement));
    found[Math.min(at + 1, found.length - 1)]?.querySelector<HTMLElement>("[data-row-link]")?.focus();
  };
  useHotkeys({ a: () => act("a"), r: () => act("r"), n: next });
  const shown = data?.pages.flatMap((page) => page.items);
  const [first] = data?.pages ?? [];
  const count = first ? waiting(first) : 0;
  return (
    <Section
      title={
        <>
          {say.title} {count > 0 && <span className="num font-normal text-faint">{count}</span>}
        </>
      }
      aside={
        count > 0 ? (
          <span className="flex items-center gap-1 pointer-coarse:hidden max-md:hidden">
            <Kbd>j</Kbd> <Kbd>k</Kbd> {say.keys.move} · <Kbd>a</Kbd> {say.keys.approve} · <Kbd>r</Kbd> {say.keys.sendBack}
          </span>
        ) : undefined
      }
    >
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !data && <SkeletonRows rows={3} />}
      {shown?.length === 0 && (
        <div className="card px-4 py-4">
          <p className="font-[560]">{say.nothing}</p>
          <p className="text-muted">{say.nothingHelp}</p>
        </div>
      )}
      {shown && shown.length > 0 && (
        <ul ref={list} aria-label={say.title} className="card divide-y divide-line overflow-hidden">
          {shown.map((need) => (
            <NeedCard key={need.key} need={need} />
          ))}
        </ul>
      )}
      {shown && hasNextPage && (
        <Button variant="quiet" size="s" className="mt-2" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {say.more(Math.min(MORE, count - shown.length))}
        </Button>
      )}
    </Section>
  );
}
