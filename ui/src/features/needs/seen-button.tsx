import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useMay } from "@/api/may";
import { dismissNeed, needKeys } from "@/api/needs";
import { asProblem } from "@/api/problem";
import type { Need } from "@/api/types";
import { Button } from "@/components/button";
import { toast } from "@/components/toast";
import { needs as say } from "@/strings/needs";

/** Says that somebody has seen to what has no act of its own. */
export function SeenButton({ need }: { need: Need }) {
  const client = useQueryClient();
  const allowed = useMay("review");
  const seen = useMutation({
    mutationFn: () => dismissNeed(need.key),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: needKeys.all }),
  });
  if (!allowed) return null;
  return (
    <Button data-act="a" busy={seen.isPending} onClick={() => seen.mutate()}>
      {say.seen}
    </Button>
  );
}
