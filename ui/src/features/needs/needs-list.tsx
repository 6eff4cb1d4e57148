import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { needsQuery } from "@/api/needs";
import { Button } from "@/components/button";
import { Kbd } from "@/components/kbd";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { NeedCard } from "@/features/needs/need-card";
import { useHotkeys } from "@/lib/hotkeys";
import { needs as say } from "@/strings/needs";

const SHOWN = 8;

/** All that waits for whoever looks, longest waiting first; j and k walk it, a and r answer what is chosen. */
export function NeedsList() {
  const { data, error, refetch } = useQuery(needsQuery());
  const [all, setAll] = useState(false);
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
  const shown = all ? data : data?.slice(0, SHOWN);
  return (
    <Section
      title={
        <>
          {say.title} {data && data.length > 0 && <span className="num font-normal text-faint">{data.length}</span>}
        </>
      }
      aside={
        data && data.length > 0 ? (
          <span className="flex items-center gap-1 pointer-coarse:hidden max-md:hidden">
            <Kbd>j</Kbd> <Kbd>k</Kbd> {say.keys.move} · <Kbd>a</Kbd> {say.keys.approve} · <Kbd>r</Kbd> {say.keys.sendBack}
          </span>
        ) : undefined
      }
    >
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!error && !data && <SkeletonRows rows={3} />}
      {data?.length === 0 && (
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
      {data && shown && data.length > shown.length && (
        <Button variant="quiet" size="s" className="mt-2" onClick={() => setAll(true)}>
          {say.more(data.length - shown.length)}
        </Button>
      )}
    </Section>
  );
}
