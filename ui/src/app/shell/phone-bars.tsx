import { Link, useLocation } from "@tanstack/react-router";
import { Ellipsis, Search } from "lucide-react";

import { AccountMenu } from "@/app/shell/account-menu";
import { BrandMark } from "@/app/shell/brand";
import { told, useCounts } from "@/app/shell/counts";
import { LiveIndicator } from "@/app/shell/live-indicator";
import type { NavItem } from "@/app/shell/nav";
import { PHONE_BAR, PHONE_MORE } from "@/app/shell/nav";
import { IconButton } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { formatCompact } from "@/lib/format";
import { words } from "@/strings/common";
import { shell } from "@/strings/shell";

const ITEM = "relative grid h-14 flex-1 place-content-center justify-items-center gap-0.5 text-2xs text-muted data-[status=active]:text-accent data-[status=active]:font-[560]";

export function PhoneTop({ onFind }: { onFind: () => void }) {
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-3 border-b border-line bg-bg/95 px-4 backdrop-blur md:hidden">
      <Link to="/" className="flex min-h-10 items-center gap-2 font-semibold">
        <BrandMark />
        {words.product}
      </Link>
      <LiveIndicator className="ml-auto" />
      <IconButton label={shell.find} onClick={onFind} className="size-10">
        <Search size={17} />
      </IconButton>
    </header>
  );
}

/** How much needs somebody, on the corner of its page's sign. */
function Badge({ item, count }: { item: NavItem; count: number | undefined }) {
  const inWords = told(item, count);
  if (!inWords || count === undefined) return null;
  return (
    <>
      <span aria-hidden="true" className="num absolute top-1 left-1/2 ml-1.5 rounded-full bg-wrong-soft px-1.5 leading-[16px] font-[560] text-wrong">
        {formatCompact(count)}
      </span>
      <span className="sr-only">, {inWords}</span>
    </>
  );
}

export function PhoneBottom({ more, onMore }: { more: boolean; onMore: (open: boolean) => void }) {
  const counts = useCounts();
  const { pathname } = useLocation();
  const among = PHONE_MORE.some(({ to }) => pathname === to || pathname.startsWith(`${to}/`));
  return (
    <>
      <nav
        aria-label={shell.mainNav}
        className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        {PHONE_BAR.map((item) => (
          <Link key={item.to} to={item.to} activeOptions={{ exact: item.to === "/", includeSearch: false }} className={ITEM}>
            <item.icon size={19} strokeWidth={1.7} aria-hidden="true" />
            <span>
              {item.label}
              {item.hot && <Badge item={item} count={item.count && counts[item.count]} />}
            </span>
          </Link>
        ))}
        <button type="button" data-status={among ? "active" : undefined} onClick={() => onMore(true)} className={ITEM}>
          <Ellipsis size={19} aria-hidden="true" />
          {shell.more}
        </button>
      </nav>
      <Dialog open={more} onOpenChange={onMore} title={shell.more}>
        <div className="grid gap-1">
          {PHONE_MORE.map(({ to, label, icon: Icon }) => (
            <Link key={to} to={to} onClick={() => onMore(false)} className="flex h-11 items-center gap-3 rounded-s px-2 hover:bg-sunken data-[status=active]:font-[560] data-[status=active]:text-accent">
              <Icon size={17} strokeWidth={1.7} aria-hidden="true" />
              {label}
            </Link>
          ))}
          <div className="mt-2 border-t border-line pt-2 grid">
            <AccountMenu />
          </div>
        </div>
      </Dialog>
    </>
  );
}
