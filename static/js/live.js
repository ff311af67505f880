// The live connection: /ws/, else /events/. Hints arrive as CustomEvents `atrium:<t>` on document.body; `atrium:resync` means: ask for all again.
// [data-live-state] holds connecting | live | reconnecting | offline; `body[data-live]` the same; the time of the last message is in its title.
const SILENT = 7000;        // the server pings every 3 s
const GIVE_UP_OPENING = 5000;
const OFFLINE_AFTER = 1500; // a connection that is not back by then is called offline
const LONGEST_WAIT = 15000;
const CROWDED_EVERY = 60000;
const ASK_EVERY = 30000;    // the safety net for a hint that was lost without a trace

let seq = null;             // nothing is missing up to here
const seen = new Set();     // numbers that arrived, for doubles and for gaps
let channel = null;         // { send?, close } of the open try
let lastHeard = 0;          // by the clock that never jumps
let state = "";
let tries = 0;
let socketFailures = 0;
let everLive = false, socketsWork = false;
let retryTimer = 0, offlineTimer = 0, gapTimer = 0, crowdedTimer = 0;

let leaving = false;
document.addEventListener("submit", (event) => { if (new URL(event.target.action).pathname === "/sign-out/") leaving = true; });

const emit = (name, detail) => document.body.dispatchEvent(new CustomEvent(`atrium:${name}`, { detail }));

// --- what the person sees ----------------------------------------------------------------------------------------------
function show(next) {
  if (state !== next) {
    state = next;
    document.body.dataset.live = next;
    document.querySelectorAll("[data-live-state]").forEach((mark) => { mark.dataset.liveState = next; });
    document.querySelectorAll("[data-live-banner]").forEach((banner) => { banner.hidden = next !== "offline"; });
    document.querySelectorAll("[data-crowded-banner]").forEach((banner) => { banner.hidden = next !== "crowded"; });
    emit("state", { state: next });
  }
}
function showTime() {
  const at = new Date().toLocaleTimeString(document.documentElement.lang || undefined, { hour12: false });
  document.querySelectorAll("[data-live-state][data-last-words]").forEach((mark) => {
    mark.title = mark.dataset.lastWords.replace("0", at);
  });
}

// --- frames ------------------------------------------------------------------------------------------------------------
function heard(text) {
  let frame;
  try { frame = JSON.parse(text); } catch { return; }
  lastHeard = performance.now();
  showTime();
  if (frame.closed === 4401) return signedOut();
  if (frame.closed === 4429) return crowded();
  if (frame.hello) return greeted(frame.hello);
  if (frame.resync) return emit("resync", {});
  if (frame.hint) numbered(frame);
}
function numbered(frame) {
  if (!frame.seq) return emit(frame.hint.t, frame.hint);
  if (seen.has(frame.seq)) return;
  seen.add(frame.seq);
  advance();
  emit(frame.hint.t, { ...frame.hint, seq: frame.seq });
}
function advance() {
  if (seq === null) return;
  while (seen.has(seq + 1)) seq += 1;
  for (const old of seen) if (old < seq - 500) seen.delete(old);
  const gap = [...seen].some((number) => number > seq);
  if (gap && !gapTimer) gapTimer = setTimeout(() => { gapTimer = 0; if ([...seen].some((n) => n > seq)) ask(); }, 700);
}
function greeted(hello) {
  tries = socketFailures = 0;
  everLive = true;
  clearTimeout(offlineTimer);
  show("live");
  // What follows are the hints that were missed; the number says that after them nothing is missing.
  if (seq === null || hello.seq < seq) seen.clear();
  seq = hello.seq;
  advance();
  const shown = document.querySelector("[data-todo-number]");
  const count = hello.facts?.todo?.count;
  if (Number.isInteger(count) && shown && Number(shown.textContent || 0) !== count) emit("todo", { count });
  emit("hello", hello);
}
const question = () => ({ since: seq, age: Math.round(performance.now()) });
function ask() {
  if (channel?.send) channel.send(JSON.stringify(question()));
  else if (channel) { drop(); connect(); }
}

// --- transports --------------------------------------------------------------------------------------------------------
function bySocket() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`);
  let greetedOnce = false;
  const own = { send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text), close: () => socket.close() };
  const opening = setTimeout(() => { if (!greetedOnce && channel === own) { socketFailures += 1; lost(own); } }, GIVE_UP_OPENING);
  socket.onopen = () => own.send(JSON.stringify(question()));
  socket.onmessage = (event) => { if (channel === own) { greetedOnce = socketsWork = true; heard(event.data); } };
  socket.onclose = (event) => {
    clearTimeout(opening);
    if (channel !== own) return;
    if (event.code === 4401) return signedOut();
    if (event.code === 4429) return crowded();
    if (!greetedOnce) socketFailures += 1;
    lost(own);
  };
  return own;
}
function byEvents() {
  const { since, age } = question();
  const source = new EventSource(`/events/?${new URLSearchParams(since === null ? { age } : { since, age })}`);
  const own = { close: () => source.close() };
  source.onmessage = (event) => { if (channel === own) heard(event.data); };
  source.onerror = () => { if (channel === own) { socketFailures = 0; lost(own); } };
  return own;
}
function connect() {
  clearTimeout(retryTimer);
  if (channel) return;
  lastHeard = performance.now();
  // Two sockets that never opened: something on the way cannot do websockets. Server-sent events then; if they fail too, sockets again.
  channel = "WebSocket" in window && (socketsWork || socketFailures < 2) ? bySocket() : byEvents();
}
function drop() {
  const old = channel;
  channel = null;
  old?.close();
}
function lost(own) {
  if (channel !== own) return;
  drop();
  if (navigator.onLine === false) show("offline");
  else if (state === "live") show("reconnecting");
  clearTimeout(offlineTimer);
  if (state !== "offline") offlineTimer = setTimeout(() => state !== "live" && show("offline"), OFFLINE_AFTER);
  // Spread evenly, so that a restarted server is not met by everybody at once; the first try comes soon.
  const window_ = Math.min(LONGEST_WAIT, 1000 * 2 ** Math.min(tries, 6));
  tries += 1;
  retryTimer = setTimeout(connect, 100 + Math.random() * window_);
}
// Too many pages of this person are open, and this is the one that was opened first: it asks by itself every minute, says so, and is live again
// as soon as somebody turns to it.
function crowded() {
  drop();
  clearTimeout(retryTimer);
  clearTimeout(offlineTimer);
  show("crowded");
  clearInterval(crowdedTimer);
  crowdedTimer = setInterval(() => { if (state === "crowded" && !document.hidden) emit("resync", {}); }, CROWDED_EVERY);
}
function turnedTo() {
  if (state !== "crowded") return;
  clearInterval(crowdedTimer);
  tries = 0;
  show("reconnecting");
  connect();
}
document.querySelectorAll("[data-live-again]").forEach((button) => button.addEventListener("click", turnedTo));
addEventListener("focus", turnedTo);

function signedOut() {
  drop();
  clearTimeout(retryTimer);
  show("offline");
  emit("signed-out", {});
  if (leaving) return; // by its own form: its way leads through the sign-in service, a reload would cut it short
  // The session is over: the page must not stay. A page that was only just loaded is not loaded again and again.
  if (everLive || performance.now() > 5000) location.reload();
}

// --- the watch ---------------------------------------------------------------------------------------------------------
setInterval(() => { if (channel && performance.now() - lastHeard > SILENT) lost(channel); }, 1000);
setInterval(() => { if (state === "live" && channel?.send) ask(); }, ASK_EVERY * (0.8 + Math.random() * 0.4));
addEventListener("offline", () => { clearInterval(crowdedTimer); if (channel) lost(channel); show("offline"); });
addEventListener("online", () => { tries = 0; if (channel) lost(channel); else connect(); });
addEventListener("pagehide", () => { clearTimeout(retryTimer); drop(); });
addEventListener("pageshow", (event) => { if (event.persisted) { tries = 0; connect(); } });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !channel && state !== "crowded") { tries = 0; connect(); } });
show("connecting");
connect();
