import { Link } from "@tanstack/react-router";

import { Mark } from "@/components/page";
import { useCounted } from "@/features/calls/call-counts";
import { countedIn } from "@/features/calls/histogram";
import type { CallsSearch } from "@/features/calls/search";
import { calls as say } from "@/strings/calls";

/** "1,204 calls since Nov 20 01:00, 12 failed.": of the very time that was counted. */
export function CallsAnswer({ search, filtered }: { search: CallsSearch; filtered: boolean }) {
  const { data, isPlaceholderData } = useCounted(search);
  if (!data || isPlaceholderData) return `${say.answer(filtered)}.`;
  const { calls, failed, from, to } = countedIn(data);
  if (calls === 0) return filtered ? say.emptyFiltered : `${say.empty}.`;
  return (
    <>
      {say.counted({ calls, filtered, least: data.counted_back_to !== null, from, to: search.to && !search.since ? to : undefined })}
      {failed > 0 && !search.outcome && (
        <>
          ,{" "}
          <Link to="/calls" search={{ ...search, outcome: "failed" }}>
            <Mark tone="wrong">{say.failedOf(failed)}</Mark>
          </Link>
        </>
      )}
      .
    </>
  );
}
