import { PAGES } from "@/app/shell/nav";
import { Dialog } from "@/components/dialog";
import { Kbd } from "@/components/kbd";
import { modKey } from "@/lib/hotkeys";
import { shell } from "@/strings/shell";

const { help } = shell;

const GROUPS: { title: string; keys: [string[], string][] }[] = [
  {
    title: help.anywhere,
    keys: [
      [[modKey, "K"], help.find],
      [["?"], help.keys],
      [["c"], help.newTask],
      [["/"], help.filter],
      ...PAGES.map((page): [string[], string] => [page.key.split(" "), help.goTo(page.label)]),
    ],
  },
  {
    title: help.lists,
    keys: [
      [["j"], help.down],
      [["k"], help.up],
      [["Enter"], help.open],
    ],
  },
  {
    title: help.reviewKeys,
    keys: [
      [["a"], help.approve],
      [["r"], help.sendBack],
      [["n"], help.next],
    ],
  },
  {
    title: help.boardKeys,
    keys: [
      [["Space"], help.lift],
      [["←", "→"], help.carry],
      [["Esc"], help.drop],
    ],
  },
];

export function KeysHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={help.title} wide>
      <div className="grid gap-x-8 gap-y-5 md:grid-cols-2">
        {GROUPS.map((group, at) => (
          <section key={group.title} className={at === 0 ? "md:row-span-3" : undefined}>
            <h3 className="mb-2 text-s text-muted">{group.title}</h3>
            <dl className="grid gap-1.5">
              {group.keys.map(([keys, does]) => (
                <div key={does} className="flex items-center justify-between gap-4">
                  <dt>{does}</dt>
                  <dd className="flex gap-1">
                    {keys.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
