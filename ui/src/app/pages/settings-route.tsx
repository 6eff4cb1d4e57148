import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { sessionQuery } from "@/api/session";
import { Button } from "@/components/button";
import { PasswordForm } from "@/features/session/password-form";
import { SettingsPage } from "@/features/settings/settings-page";
import { TaskTemplates } from "@/features/tasks/task-templates";
import { settings as say } from "@/strings/settings";

const route = getRouteApi("/inside/settings");

export function SettingsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const show = (password: true | undefined) => void navigate({ search: { password }, replace: true, resetScroll: false });
  return (
    <SettingsPage
      templates={<TaskTemplates />}
      password={
        search.password ? (
          <PasswordForm hasPassword={session.password_set} onDone={() => show(undefined)} onLater={() => show(undefined)} />
        ) : (
          <Button onClick={() => show(true)}>{session.password_set ? say.passwordChange : say.passwordSet}</Button>
        )
      }
    />
  );
}
