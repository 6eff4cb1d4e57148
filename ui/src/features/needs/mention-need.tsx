import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";

import { commentKeys, writeComment } from "@/api/comments";
import { needKeys, seeMentions } from "@/api/needs";
import { asProblem } from "@/api/problem";
import type { Need } from "@/api/types";
import { Button, buttonClass } from "@/components/button";
import { Composer } from "@/components/composer/composer";
import { Markdown } from "@/components/markdown";
import { toast } from "@/components/toast";
import { needs as say } from "@/strings/needs";

/** The number in the key of a mention. */
const numberOf = (key: string): number => Number(key.split(":")[1] ?? 0);

export function MentionNeed({ need, later }: { need: Need; later: ReactNode }) {
  const [writing, setWriting] = useState(false);
  const client = useQueryClient();
  const { task } = need;
  const see = async () => {
    try {
      await seeMentions(numberOf(need.key));
      await client.invalidateQueries({ queryKey: needKeys.all });
    } catch (error) {
      toast({ text: asProblem(error).message, tone: "wrong" });
    }
  };
  return (
    <>
      <div className="line-clamp-4 text-muted">
        <Markdown text={need.text} />
      </div>
      {writing && task ? (
        <Composer
          autoFocus
          label={say.reply}
          act={say.reply}
          onCancel={() => setWriting(false)}
          onSend={async (body) => {
            await writeComment(task.id, { body });
            await client.invalidateQueries({ queryKey: commentKeys.of(task.id) });
            toast({ text: say.replied, tone: "work" });
            await see();
          }}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-1.5">
          {task && (
            <Button data-act="r" onClick={() => setWriting(true)}>
              {say.reply}
            </Button>
          )}
          <Button data-act="a" onClick={() => void see()}>
            {say.seen}
          </Button>
          {task && (
            <Link to="/tasks/$taskId" params={{ taskId: task.id }} className={buttonClass("quiet")}>
              {say.open}
            </Link>
          )}
          {later}
        </div>
      )}
    </>
  );
}
