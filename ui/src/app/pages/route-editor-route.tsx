import { getRouteApi } from "@tanstack/react-router";

import { RouteEditor, RouteEditorPage } from "@/features/gateway/route-editor-page";

const route = getRouteApi("/inside/gateway/routes/$name");

export function RouteEditorRoute() {
  const { name } = route.useParams();
  return <RouteEditorPage key={name} name={name} />;
}

export function NewRouteRoute() {
  return <RouteEditor />;
}
