import { lazy, Suspense } from "react";

const MarkdownText = lazy(() => import("@/components/markdown-text"));

/** Markdown as a person wrote or a model answered it. No HTML of theirs becomes ours. */
export function Markdown({ text }: { text: string }) {
  return (
    <Suspense fallback={<p className="break-words whitespace-pre-wrap">{text}</p>}>
      <MarkdownText text={text} />
    </Suspense>
  );
}
