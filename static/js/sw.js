// The service worker. Online it changes nothing: every page comes from the server. Without a connection it shows the last state of the pages of
// daily work, with its moment; a form that cannot be sent is answered with a page that says so, and nothing is sent later behind anybody's back.
// What it keeps of a person goes at sign-out, when somebody else signs in, and after ten hours.
const VERSION = "VERSION_OF_THIS_FILE";
const SHELL = `shell-${VERSION}`, PAGES = "pages", ABOUT = "about";
const OFFLINE = "/offline/";
const KEPT = /^\/(?:$|inbox\/|approvals\/|requests\/|done\/)/;   // pages of daily work; records of other systems are not kept
const MOST = 40, LASTS = 10 * 3600 * 1000;                       // as long as a session lasts

/** The page that stands in, with all it is made of. */
async function keepOffline() {
  const cache = await caches.open(SHELL);
  const answer = await fetch(OFFLINE, { credentials: "same-origin", cache: "reload" });
  if (!answer.ok) throw new Error(`${OFFLINE} answered ${answer.status}`);
  const parts = [...(await answer.clone().text()).matchAll(/(?:src|href)="(\/static\/[^"#]+)"/g)].map(([, url]) => url);
  await cache.addAll([...new Set(parts), "/static/js/online.js", "/static/vendor/icons.svg"]);
  await cache.put(OFFLINE, answer);
}
self.addEventListener("install", (event) => event.waitUntil((async () => {
  await keepOffline();
  await self.skipWaiting();
})()));
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("shell-") && name !== SHELL) await caches.delete(name);
  await self.clients.claim();
})()));

// --- what is kept ------------------------------------------------------------------------------------------------------
async function about(name, value) {
  const cache = await caches.open(ABOUT);
  if (value === undefined) return (await cache.match(`/about/${name}`))?.text() ?? "";
  await cache.put(`/about/${name}`, new Response(value));
  return value;
}
async function forget() {
  await caches.delete(PAGES);
  await about("person", "");
  for (const shown of await self.registration.getNotifications()) shown.close();   // what was rung for, too
}
async function remember(request, answer) {
  if (!answer.ok || answer.type !== "basic" || !/text\/html/.test(answer.headers.get("content-type") || "")) return;
  const text = await answer.text();
  const person = (text.match(/<body[^>]* data-person="([^"]*)"/) || [])[1] || "";
  const known = await about("person");
  if (known && person !== known) await forget();       // signed out, or somebody else
  if (!person) return;
  if (person !== known) await about("person", person);
  const url = new URL(request.url);
  if (!KEPT.test(url.pathname)) return;
  const cache = await caches.open(PAGES);
  await cache.put(url.href, new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", "X-Kept-At": String(Date.now()),
    "Content-Security-Policy": answer.headers.get("content-security-policy") || "default-src 'none'" } }));
  const keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - MOST))) await cache.delete(old);
}
async function recall(request, unsent) {
  if (!unsent) {
    const found = await (await caches.open(PAGES)).match(new URL(request.url).href, { ignoreVary: true });
    const at = Number(found?.headers.get("X-Kept-At"));
    if (found && Date.now() - at < LASTS) return marked(found, `data-offline-since="${new Date(at).toISOString()}"`, 200);
    if (found) await forget();
  }
  const page = await caches.match(OFFLINE, { ignoreVary: true });
  return page ? marked(page, unsent ? "data-unsent" : "data-offline", 503) : Response.error();
}
async function marked(page, attribute, status) {
  const text = (await page.text()).replace("<body ", `<body ${attribute} `);
  const headers = new Headers({ "Content-Type": "text/html; charset=utf-8" });
  const policy = page.headers.get("content-security-policy");
  if (policy) headers.set("Content-Security-Policy", policy);
  return new Response(text, { status, headers });
}

// --- what is asked for -------------------------------------------------------------------------------------------------
async function visit(event) {
  const sends = event.request.method !== "GET";
  try {
    const answer = await fetch(event.request);
    if (!sends) {
      const copy = answer.clone();
      event.waitUntil(remember(event.request, copy).catch(() => {}));
    }
    return answer;
  } catch {
    return recall(event.request, sends);
  }
}
async function asset(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.ok) {
      const copy = answer.clone();
      event.waitUntil(caches.open(SHELL).then((cache) => cache.put(event.request, copy)).catch(() => {}));
    }
    return answer;
  } catch {
    return (await caches.match(event.request, { ignoreVary: true })) || Response.error();
  }
}
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) return;
  if (event.request.method === "POST" && url.pathname === "/sign-out/") return event.waitUntil(forget()); // and not a moment longer
  if (event.request.mode === "navigate") event.respondWith(visit(event));
  else if (event.request.method === "GET" && url.pathname.startsWith("/static/")) event.respondWith(asset(event));
});
self.addEventListener("message", (event) => {
  if (event.data?.t === "signed-out") event.waitUntil(forget());
  if (event.data?.t === "language") event.waitUntil((async () => {
    if ((await about("language")) === event.data.language) return;
    await keepOffline();
    await about("language", event.data.language);
  })().catch(() => {}));
});

// --- pushes ------------------------------------------------------------------------------------------------------------
self.addEventListener("push", (event) => event.waitUntil((async () => {
  let told;
  try { told = event.data.json(); } catch { return; }
  if (told.close) {
    for (const shown of await self.registration.getNotifications({ tag: told.close })) shown.close();
    return;
  }
  await self.registration.showNotification(told.title, { body: told.body, tag: told.tag, lang: told.lang, data: { url: told.url },
    icon: "/static/icons/icon-192.png", badge: "/static/icons/badge-96.png" });
})()));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url || "/inbox/", location.origin);
  if (url.origin !== location.origin) return;
  event.waitUntil((async () => {
    for (const client of await self.clients.matchAll({ type: "window" })) {
      if ("navigate" in client) { await client.focus(); return client.navigate(url.href); }
    }
    return self.clients.openWindow(url.href);
  })());
});
