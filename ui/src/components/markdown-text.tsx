import { lazy, Suspense } from "react";
import ReactMarkdown from "react-markdown";
import type { Components } from "react-markdown";
import remarkGfm from "remark-gfm";

import { words } from "@/strings/common";

const CodeColors = lazy(() => import("@/components/code-colors"));
const PLUGINS = [remarkGfm];
const LANGUAGE = /(?:^|\s)language-(\S+)/;

const components: Components = {
  // An image would be fetched from wherever an agent says, and tell that place who reads: a link asks first.
  img: ({ src, alt }) => <ExternalLink href={typeof src === "string" ? src : undefined}>{alt || words.image}</ExternalLink>,
  a: ({ href, children }) => <ExternalLink href={href}>{children}</ExternalLink>,
  pre: ({ children }) => (
    <pre tabIndex={0} className="scroll-quiet overflow-x-auto rounded-s border border-line bg-sunken p-3 text-[12px] leading-[1.6]">
      {children}
    </pre>
  ),
  code: ({ className, children }) => {
    const language = LANGUAGE.exec(className ?? "")?.[1];
    return <code>{language && typeof children === "string" ? <Suspense fallback={children}><CodeColors code={children} language={language} /></Suspense> : children}</code>;
  },
  table: ({ children }) => (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={words.table}>
      <table className="border-collapse text-s [&_td]:border [&_td]:border-line [&_td]:px-2 [&_td]:py-1 [&_th]:border [&_th]:border-line [&_th]:px-2 [&_th]:py-1 [&_th]:text-left">
        {children}
      </table>
    </div>
  ),
  // The page owns its outline; headings of a text are shown as strong words.
  h1: ({ children }) => <p className="text-l font-semibold">{children}</p>,
  h2: ({ children }) => <p className="text-l font-semibold">{children}</p>,
  h3: ({ children }) => <p className="font-semibold">{children}</p>,
  h4: ({ children }) => <p className="font-semibold">{children}</p>,
  h5: ({ children }) => <p className="font-semibold">{children}</p>,
  h6: ({ children }) => <p className="font-semibold">{children}</p>,
};

function ExternalLink({ href, children }: { href: string | undefined; children: React.ReactNode }) {
  if (!href || !/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" className="text-accent underline underline-offset-2">
      {children}
    </a>
  );
}

export default function MarkdownText({ text }: { text: string }) {
  return (
    <div className="grid min-w-0 gap-2 break-words [&_:not(pre)>code]:rounded-[4px] [&_:not(pre)>code]:bg-sunken [&_:not(pre)>code]:px-1 [&_:not(pre)>code]:py-px [&_blockquote]:border-l-2 [&_blockquote]:border-line-strong [&_blockquote]:pl-3 [&_blockquote]:text-muted [&_code]:text-[12px] [&_ol]:list-decimal [&_ol]:pl-5 [&_ul]:list-disc [&_ul]:pl-5 [&>*]:min-w-0">
      <ReactMarkdown remarkPlugins={PLUGINS} skipHtml={false} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
