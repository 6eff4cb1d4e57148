import { messageAgent } from "@/api/comments";
import type { Agent } from "@/api/types";
import { Composer } from "@/components/composer/composer";
import { Dialog } from "@/components/dialog";
import { toast } from "@/components/toast";
import { talk } from "@/strings/talk";

/** Tells an agent something while it works. */
export function MessageDialog({ agent, onClose }: { agent: Pick<Agent, "id" | "name">; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={talk.messageTo(agent.name)} description={talk.messageHelp}>
      <Composer
        label={talk.messageTo(agent.name)}
        act={talk.messageSend}
        rows={3}
        onSend={async (text) => {
          await messageAgent(agent.id, text);
          toast({ text: talk.messageSent(agent.name), tone: "work" });
          onClose();
        }}
      />
    </Dialog>
  );
}
