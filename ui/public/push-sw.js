/* Shows what was pushed, and opens what was clicked. It caches nothing and answers no request. */
self.addEventListener("install", () => self.skipWaiting());

// Pages that were open before are ours too: only in those of its own may a worker open another address.
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data ? event.data.json() : {};
  } catch {
    // Nothing of ours; a push must show something all the same.
  }
  const text = (value) => (typeof value === "string" ? value : "");
  event.waitUntil(
    self.registration.showNotification(text(said.title) || "Quarterdeck", {
      body: text(said.body),
      icon: "/favicon.svg",
      data: { url: text(said.url) },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const to = new URL(event.notification.data.url || "/", self.location.origin);
  // Never to another place than this server's own.
  const url = to.origin === self.location.origin ? to.href : self.location.origin;
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((open) => {
      const here = open.find((each) => "navigate" in each);
      if (!here) return self.clients.openWindow(url);
      // A page that another version of this worker holds cannot be moved; a new window can always be opened.
      return here.navigate(url).then(
        (client) => (client ?? here).focus(),
        () => self.clients.openWindow(url),
      );
    }),
  );
});
