import { useQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { flushSync } from "react-dom";

import { choicesQuery } from "@/api/choices";
import { mentionsQuery } from "@/api/comments";
import { asProblem } from "@/api/problem";
import type { Named } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Button } from "@/components/button";
import type { Mentioning, Person } from "@/components/composer/mention-draft";
import { completed, meant, mentioning } from "@/components/composer/mention-draft";
import { KeyHint } from "@/components/kbd";
import { Markdown } from "@/components/markdown";
import { Segmented } from "@/components/segmented";
import { cx } from "@/lib/cx";
import { modKey } from "@/lib/hotkeys";
import { useSettled } from "@/lib/use-settled";
import { listed, words } from "@/strings/common";
import { talk as say } from "@/strings/talk";

const SETTLES_MS = 150;

type Props = {
  label: string;
  act: string;
  placeholder?: string;
  onSend: (text: string) => Promise<unknown>;
  onCancel?: () => void;
  autoFocus?: boolean;
  rows?: number;
  /** What is sent stands elsewhere on the page from then on: the field is free at once, and gets the text back if it was refused. */
  shownElsewhere?: boolean;
};

/** Writes markdown that may mention people and agents, and says before sending whom it tells and whom it wakes. */
export function Composer({ label, act, placeholder, onSend, onCancel, autoFocus = false, rows = 2, shownElsewhere = false }: Props) {
  const [text, setText] = useState("");
  const [preview, setPreview] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async () => {
    const sent = text.trim();
    if (!sent || busy) return;
    setBusy(!shownElsewhere);
    setProblem(undefined);
    if (shownElsewhere) setText("");
    try {
      await onSend(sent);
      if (!shownElsewhere) setText("");
      setPreview(false);
    } catch (error) {
      setProblem(asProblem(error).message);
      // What was begun since stays, below what came back.
      if (shownElsewhere) setText((begun) => [sent, begun].filter(Boolean).join("\n\n"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="card grid gap-2 p-2.5 focus-within:border-field-line">
      {preview ? (
        <div className="min-h-12 px-1.5 py-1">
          <Markdown text={text} />
        </div>
      ) : (
        <MentionArea label={label} placeholder={placeholder} text={text} setText={setText} onSend={() => void send()} onCancel={onCancel} autoFocus={autoFocus} rows={rows} />
      )}
      {problem && (
        <p role="alert" className="px-1.5 text-s text-wrong">
          {problem}
        </p>
      )}
      <div className={cx("flex flex-wrap items-center gap-2", !text && !onCancel && "max-md:hidden")}>
        <Told text={text} />
        <span className="ml-auto flex items-center gap-2">
          {text && (
            <Segmented
              label={say.mode}
              value={preview ? "preview" : "write"}
              onChange={(mode) => setPreview(mode === "preview")}
              options={[
                { value: "write", label: say.write },
                { value: "preview", label: say.preview },
              ]}
            />
          )}
          {onCancel && (
            <Button variant="quiet" onClick={onCancel}>
              {words.cancel}
            </Button>
          )}
          <Button variant={text.trim() ? "primary" : "plain"} busy={busy} disabled={!text.trim() || busy} onClick={() => void send()}>
            {act}
            <KeyHint>{modKey} ↵</KeyHint>
          </Button>
        </span>
      </div>
    </div>
  );
}

/** "Tells Ana, wakes drafting": what the server says of the text as it stands. */
function Told({ text }: { text: string }) {
  const settled = useSettled(text.trim(), 250);
  const { data } = useQuery(mentionsQuery(settled));
  const mentions = settled.includes("@") ? (data ?? []) : [];
  const people = mentions.filter((each) => !each.is_agent).map((each) => each.name);
  const agents = mentions.filter((each) => each.is_agent).map((each) => each.name);
  return (
    <p role="status" className="min-w-0 px-1.5 text-s text-muted">
      {[people.length > 0 && say.tells(listed(people)), agents.length > 0 && say.wakes(listed(agents))].filter(Boolean).join(" · ")}
      {text.includes("@") && settled === text.trim() && data?.length === 0 && say.tellsNobody}
    </p>
  );
}

/** People and agents, all of them while they are few; of more, those that what is typed finds. `more`: there are others that it may mean. */
function usePeople(typed: string): { people: Person[]; more: boolean } {
  const settled = useSettled(typed, SETTLES_MS);
  const person = useNamed("person", settled);
  const agent = useNamed("agent", settled);
  return {
    people: [...person.items.map((each) => ({ ...each, isAgent: false })), ...agent.items.map((each) => ({ ...each, isAgent: true }))],
    more: person.more || agent.more || ((person.asked || agent.asked) && settled !== typed),
  };
}

/** `asked`: the server is asked for each word. */
function useNamed(of: "agent" | "person", typed: string): { items: Named[]; more: boolean; asked: boolean } {
  const first = useQuery(choicesQuery(of));
  const asked = first.data?.more ?? false;
  const fitting = useQuery({ ...choicesQuery(of, typed.trim()), enabled: asked && typed.trim() !== "" });
  const found = (asked && typed.trim() ? fitting.data : undefined) ?? first.data;
  return { items: found?.items ?? [], more: found?.more ?? false, asked };
}

type AreaProps = {
  label: string;
  placeholder?: string | undefined;
  text: string;
  setText: (text: string) => void;
  onSend: () => void;
  onCancel?: (() => void) | undefined;
  autoFocus?: boolean;
  rows?: number;
};

/** A text field in which an @ offers names. */
export function MentionArea({ label, placeholder, text, setText, onSend, onCancel, autoFocus = false, rows = 2 }: AreaProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [found, setFound] = useState<Mentioning | null>(null);
  const known = usePeople(found?.typed ?? "");
  const [at, setAt] = useState(0);
  const id = useId();
  const offered = found ? meant(known.people, found.typed) : [];
  const chosen = Math.min(at, offered.length - 1);

  const look = (target: HTMLTextAreaElement) => {
    setFound(mentioning(target.value, target.selectionStart, known));
    setAt(0);
  };
  const take = (person: Person | undefined) => {
    const field = area.current;
    if (!person || !found || !field) return;
    const after = completed(text, field.selectionStart, found, person);
    // At once, not in the next frame: what is typed until then would go on before what was typed already.
    flushSync(() => {
      setText(after.text);
      setFound(null);
    });
    field.focus();
    field.setSelectionRange(after.caret, after.caret);
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) onSend();
    else if (offered.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) setAt((chosen + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
    else if (offered.length > 0 && (event.key === "Enter" || event.key === "Tab")) take(offered[chosen]);
    else if (event.key === "Escape" && found) setFound(null);
    else if (event.key === "Escape" && onCancel) onCancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="relative">
      <textarea
        ref={area}
        aria-label={label}
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? `${id}-names` : undefined}
        aria-activedescendant={offered.length > 0 ? `${id}-${chosen}` : undefined}
        placeholder={placeholder}
        value={text}
        rows={rows}
        autoFocus={autoFocus}
        onChange={(event) => {
          setText(event.target.value);
          look(event.target);
        }}
        onClick={(event) => look(event.currentTarget)}
        onBlur={() => setFound(null)}
        onKeyDown={onKeyDown}
        className="field-sizing-content max-h-[40vh] min-h-12 w-full resize-none rounded-s bg-transparent px-1.5 py-1 outline-none max-md:text-[16px]"
      />
      {offered.length > 0 && (
        <ul id={`${id}-names`} role="listbox" aria-label={say.names} className="absolute top-full left-1 z-20 w-64 rounded-m border border-line bg-surface p-1 shadow-float">
          {offered.map((person, index) => (
            <li
              key={person.id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                take(person);
              }}
              className={cx("flex min-h-8 pointer-coarse:min-h-10 cursor-default items-center gap-2 rounded-s px-2 text-s", index === chosen && "bg-sunken")}
            >
              <Avatar name={person.name} agent={person.isAgent} />
              <span className="min-w-0 flex-1 truncate">{person.name}</span>
              <span className="text-faint">{person.isAgent ? say.agent : say.person}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
