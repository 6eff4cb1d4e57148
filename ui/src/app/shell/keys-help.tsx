import { PAGES } from "@/app/shell/nav";
import { Dialog } from "@/components/dialog";
import { Kbd } from "@/components/kbd";
import { modKey } from "@/lib/hotkeys";
import { shell } from "@/strings/shell";

const { help } = shell;

type GroupProps = { title: string; keys: [string[], string][] };

const [anywhere, ...others]: GroupProps[] = [
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
      [["←", "↑", "↓", "→"], help.walk],
      [["Space"], help.lift],
      [["←", "→"], help.carry],
      [["Esc"], help.drop],
    ],
  },
];

export function KeysHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={help.title} wide>
      <div className="grid content-start gap-x-8 gap-y-5 md:grid-cols-2">
        {anywhere && <Group {...anywhere} />}
        <div className="grid content-start gap-5">
          {others.map((group) => (
            <Group key={group.title} {...group} />
          ))}
        </div>
      </div>
    </Dialog>
  );
}

function Group({ title, keys }: GroupProps) {
  return (
    <section>
      <h3 className="mb-2 text-s text-muted">{title}</h3>
      <dl className="grid gap-1.5">
        {keys.map(([pressed, does]) => (
          <div key={does} className="flex items-center justify-between gap-4">
            <dt>{does}</dt>
            <dd className="flex gap-1">
              {pressed.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
