import { Link } from "@tanstack/react-router";
import { Search } from "lucide-react";

import { AccountMenu } from "@/app/shell/account-menu";
import { BrandMark } from "@/app/shell/brand";
import { told, useCounts } from "@/app/shell/counts";
import { LiveIndicator } from "@/app/shell/live-indicator";
import type { NavItem } from "@/app/shell/nav";
import { GROUPS } from "@/app/shell/nav";
import { Kbd } from "@/components/kbd";
import { cx } from "@/lib/cx";
import { formatCompact } from "@/lib/format";
import { modKey } from "@/lib/hotkeys";
import { words } from "@/strings/common";
import { shell } from "@/strings/shell";

function NavLink({ item, count }: { item: NavItem; count: number | undefined }) {
  const Icon = item.icon;
  const inWords = told(item, count);
  return (
    <Link
      to={item.to}
      activeOptions={{ exact: item.to === "/", includeSearch: false }}
      className="flex h-[32px] items-center gap-2.5 rounded-s px-2 text-muted hover:text-ink data-[status=active]:bg-surface data-[status=active]:font-[520] data-[status=active]:text-ink data-[status=active]:shadow-lift data-[status=active]:ring-1 data-[status=active]:ring-line"
    >
      <Icon size={15} strokeWidth={1.7} aria-hidden="true" />
      {item.label}
      {inWords && (
        <>
          <span aria-hidden="true" className={cx("num ml-auto text-xs", item.hot ? "rounded-full bg-wrong-soft px-1.5 font-[560] text-wrong" : "text-faint")}>
            {count !== undefined && formatCompact(count)}
          </span>
          <span className="sr-only">, {inWords}</span>
        </>
      )}
    </Link>
  );
}

export function Sidebar({ onFind }: { onFind: () => void }) {
  const counts = useCounts();
  return (
    <header className="sticky top-0 hidden h-dvh flex-col gap-0.5 border-r border-line bg-bg px-2 py-3 md:flex">
      <Link to="/" className="flex items-center gap-2 px-2 pt-1 pb-3 font-semibold tracking-[-0.01em]">
        <BrandMark />
        {words.product}
      </Link>
      <button
        type="button"
        onClick={onFind}
        className="mb-2 flex h-[30px] items-center gap-2 rounded-s border border-line bg-surface px-2 text-s text-faint hover:border-line-strong hover:text-muted"
      >
        <Search size={13} aria-hidden="true" />
        <span className="truncate">{shell.findShort}</span>
        <span className="ml-auto shrink-0 whitespace-nowrap">
          <Kbd>{modKey === "⌘" ? "⌘K" : "Ctrl K"}</Kbd>
        </span>
      </button>
      <nav aria-label={shell.mainNav} className="scroll-quiet min-h-0 flex-1 overflow-y-auto">
        {GROUPS.map((group, at) => (
          <div key={at} className="grid gap-0.5 px-px py-px">
            {group.label && <p className="px-2 pt-4 pb-1 text-xs font-[510] text-faint">{group.label}</p>}
            {group.items.map((item) => (
              <NavLink key={item.to} item={item} count={item.count && counts[item.count]} />
            ))}
          </div>
        ))}
      </nav>
      <LiveIndicator className="px-2 py-2" />
      <AccountMenu />
    </header>
  );
}
