import { useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Check, ChevronsUpDown } from "lucide-react";

import { sessionQuery, signOut } from "@/api/session";
import { Avatar } from "@/components/avatar";
import { Menu, MenuItem, MenuLine } from "@/components/menu";
import type { Theme } from "@/lib/theme";
import { chooseTheme, useTheme } from "@/lib/theme";
import { shell } from "@/strings/shell";

const THEMES: Theme[] = ["system", "light", "dark"];

/** Leaving loads the page anew, so that nothing read before stays in memory. */
export async function leave(): Promise<void> {
  await signOut().catch(() => undefined);
  window.location.assign("/signin");
}

export function AccountItems() {
  const theme = useTheme();
  const navigate = useNavigate();
  const { data: session } = useSuspenseQuery(sessionQuery);
  return (
    <>
      {THEMES.map((each) => (
        <MenuItem key={each} onSelect={() => chooseTheme(each)}>
          <span className="flex-1">{shell.themes[each]}</span>
          {theme === each && <Check size={14} aria-label="✓" />}
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => void navigate({ to: "/notifications" })}>{shell.notifications}</MenuItem>
      <MenuItem onSelect={() => void navigate({ to: "/settings", search: { password: true } })}>
        {session.password_set ? shell.changePassword : shell.password}
      </MenuItem>
      <MenuItem onSelect={() => void leave()}>{shell.signOut}</MenuItem>
    </>
  );
}

export function AccountMenu() {
  const { data: session } = useSuspenseQuery(sessionQuery);
  return (
    <Menu
      align="start"
      label={session.member.email}
      trigger={
        <button
          type="button"
          className="flex h-9 items-center gap-2 pointer-coarse:h-11 rounded-s px-2 text-left text-s hover:bg-sunken"
        >
          <Avatar name={session.member.name} />
          <span className="min-w-0 flex-1 truncate">
            {session.member.name}
            <span className="sr-only">{shell.account}</span>
          </span>
          <ChevronsUpDown size={13} className="text-faint" aria-hidden="true" />
        </button>
      }
    >
      <AccountItems />
    </Menu>
  );
}
