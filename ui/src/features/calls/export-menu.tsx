import { Download } from "lucide-react";

import { exportPath } from "@/api/calls";
import { Button } from "@/components/button";
import { Menu, MenuItem } from "@/components/menu";
import type { CallsSearch } from "@/features/calls/search";
import { callFilter } from "@/features/calls/search";
import { calls } from "@/strings/calls";

const say = calls.export;
const FORMATS = ["csv", "jsonl"] as const;

/** What is filtered, as a file that the server streams and the browser saves. */
export function ExportMenu({ search }: { search: CallsSearch }) {
  return (
    <Menu
      label={say.help}
      trigger={
        <Button>
          <Download size={13} aria-hidden="true" /> {say.title}
        </Button>
      }
    >
      {FORMATS.map((format) => (
        <MenuItem key={format} onSelect={() => save(exportPath(callFilter(search, Date.now()), format))}>
          {say.formats[format]}
        </MenuItem>
      ))}
    </Menu>
  );
}

function save(href: string): void {
  Object.assign(document.createElement("a"), { href, download: "" }).click();
}
