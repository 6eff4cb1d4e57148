import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";

import { channelKeys, channelsQuery, notificationKindsQuery, testChannel } from "@/api/channels";
import { useMay } from "@/api/may";
import { notificationKeys, notificationsQuery, preferencesQuery, savePreferences } from "@/api/notifications";
import { asProblem } from "@/api/problem";
import type { Channel, NotificationPreferences, NotificationRule } from "@/api/types";
import { Button } from "@/components/button";
import { ThisBrowser } from "@/components/channels/this-browser";
import { Chip } from "@/components/chip";
import { Page, Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { withKnown } from "@/features/notifications/rule-words";
import { Rules } from "@/features/notifications/rules";
import { Times } from "@/features/notifications/times";
import { Told } from "@/features/notifications/told";
import { notifications as say } from "@/strings/notifications";

/** What one was told, and one's own rules: what reaches one, where and when. */
export function NotificationsPage() {
  const { data: told, error, refetch } = useQuery(notificationsQuery);
  const { data: saved } = useSuspenseQuery(preferencesQuery);
  const { data: channels } = useSuspenseQuery(channelsQuery);
  const { data: kinds } = useQuery(notificationKindsQuery);
  const client = useQueryClient();
  const save = async (changed: NotificationPreferences) => {
    try {
      client.setQueryData(preferencesQuery.queryKey, await savePreferences({ ...changed, rules: withKnown(changed.rules, channels.items) }));
    } finally {
      await client.invalidateQueries({ queryKey: notificationKeys.preferences() });
    }
  };
  // A zone that nobody chose is the browser's: quiet hours and digests go by it.
  const preferences = saved.version === 0 ? { ...saved, zone: Intl.DateTimeFormat().resolvedOptions().timeZone } : saved;
  const setRules = async (rules: NotificationRule[]) => {
    await save({ ...preferences, rules });
    toast({ text: say.rules.saved, tone: "work" });
  };
  const sent = preferences.rules.filter((rule) => rule.how !== "mute" && rule.channels.length > 0);
  const where = channels.items.filter((channel) => sent.some((rule) => rule.channels.includes(channel.id))).map((channel) => channel.name);
  return (
    <Page title={say.title} answer={say.answer(where, sent.every((rule) => rule.at_least === "urgent"))} below={told && told.unread > 0 && say.unread(told.unread)}>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_340px]">
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          <Rules rules={preferences.rules} channels={channels.items} kinds={kinds?.items ?? []} onChange={setRules} />
          {told ? (
            <Told items={told.items} unread={told.unread} />
          ) : (
            <Section title={say.told.title}>{error ? <ProblemNote error={error} retry={() => void refetch()} /> : <SkeletonRows rows={3} />}</Section>
          )}
        </div>
        <aside className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-5">
          <Places channels={channels.items} />
          <Times key={preferences.version} preferences={preferences} onChange={save} />
        </aside>
      </div>
    </Page>
  );
}

/** The channels that rules can name, each with a test; and push in this browser, which is one more. */
function Places({ channels }: { channels: Channel[] }) {
  const client = useQueryClient();
  const admin = useMay("administer");
  const { mutate, variables, isPending } = useMutation({
    mutationFn: (channel: Channel) => testChannel(channel.id),
    onSuccess: (sent, { name }) =>
      sent.state === "delivered" ? toast({ text: say.channels.tested(name), tone: "work" }) : toast({ text: say.channels.testFailed(name, sent.last_error ?? sent.state), tone: "wrong" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: channelKeys.list() }),
  });
  return (
    <Section
      title={say.channels.title}
      aside={
        <Link to="/channels" className="inline-flex min-h-6 items-center text-accent underline underline-offset-2 pointer-coarse:min-h-10">
          {say.channels.all}
        </Link>
      }
    >
      <ThisBrowser className="mb-2" />
      {channels.length === 0 ? (
        <p className="card px-4 py-3 text-muted">{say.channels.none}</p>
      ) : (
        <ul aria-label={say.channels.title} className="card divide-y divide-line">
          {channels.map((channel) => (
            <li key={channel.id} className="flex flex-wrap items-center gap-x-2 gap-y-1 px-4 py-2.5">
              <span className="min-w-0 flex-1 break-words">{channel.name}</span>
              {channel.shared && <Chip>{say.channels.shared}</Chip>}
              {!channel.enabled ? (
                <Chip>{say.channels.off}</Chip>
              ) : (
                (admin || !channel.shared) && (
                  <Button size="s" aria-label={say.channels.testLabel(channel.name)} busy={isPending && variables.id === channel.id} onClick={() => mutate(channel)}>
                    <Send size={11} aria-hidden="true" /> {say.channels.test}
                  </Button>
                )
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
