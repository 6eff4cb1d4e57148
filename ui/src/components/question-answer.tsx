import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useMay } from "@/api/may";
import { needKeys } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { answerQuestion, questionKeys } from "@/api/questions";
import type { Question } from "@/api/types";
import { Button } from "@/components/button";
import { Due } from "@/components/figures";
import { toast } from "@/components/toast";
import { questions as say } from "@/strings/questions";

/** The ways to answer an open question: its options, and words where the agent takes them. */
export function QuestionAnswer({ question, onAnswered }: { question: Question; onAnswered?: () => void }) {
  const client = useQueryClient();
  const allowed = useMay("review");
  const [writing, setWriting] = useState(question.options.length === 0);
  const answer = useMutation({
    mutationFn: (text: string) => answerQuestion(question.id, text),
    onSuccess: (answered) => {
      toast({ text: say.answered(answered.answer ?? ""), tone: "work" });
      onAnswered?.();
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: questionKeys.of(question.task_id) }), client.invalidateQueries({ queryKey: needKeys.all })]),
  });
  if (!allowed) return null;
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap gap-1.5">
        {question.options.map((option) => (
          <Button key={option} className="h-auto! min-h-[30px] max-w-full min-w-0 shrink py-1 text-left wrap-anywhere whitespace-normal! pointer-coarse:min-h-10" busy={answer.isPending} onClick={() => answer.mutate(option)}>
            {option}
          </Button>
        ))}
        {question.free_text && !writing && (
          <Button variant="quiet" onClick={() => setWriting(true)}>
            {say.inWords}
          </Button>
        )}
      </div>
      {question.free_text && writing && (
        <form
          className="flex gap-1.5"
          onSubmit={(event) => {
            event.preventDefault();
            const text = new FormData(event.currentTarget).get("answer");
            if (typeof text === "string" && text.trim()) answer.mutate(text.trim());
          }}
        >
          <input
            name="answer"
            aria-label={say.yourAnswer}
            placeholder={say.yourAnswer}
            autoComplete="off"
            maxLength={8_000}
            autoFocus={question.options.length > 0}
            className="h-[30px] min-w-0 flex-1 rounded-s pointer-coarse:h-10 border border-field-line/60 bg-surface px-2.5 hover:border-field-line max-md:text-[16px]"
          />
          <Button type="submit" variant="primary" busy={answer.isPending}>
            {say.answer}
          </Button>
        </form>
      )}
      {question.deadline_at && (
        <p className="text-s text-muted">
          {say.deadline} <Due at={question.deadline_at} />
          {question.default_answer && `, ${say.otherwise(question.default_answer)}`}
        </p>
      )}
    </div>
  );
}
