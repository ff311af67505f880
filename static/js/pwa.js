// The portal as an installed program: the service worker, the mark of a state that was kept, forms without a connection, the offer to install.
import { whenBack } from "./online.js";
import { csrfToken, toast } from "./shell.js";

const { person = "", session = "", offlineSince } = document.body.dataset;
const words = document.getElementById("offline-words")?.dataset || {};

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then(({ active }) => {
    active?.postMessage(person ? { t: "language", language: document.documentElement.lang } : { t: "signed-out" });
  }).catch(() => {}); // without it everything works, only not without a connection
}
document.body.addEventListener("atrium:signed-out", () => navigator.serviceWorker?.controller?.postMessage({ t: "signed-out" }));

// --- a browser that rings rings for whoever is signed in, and is silent when that session ends --------------------------
async function ringsHere() {
  const found = await (await navigator.serviceWorker.ready).pushManager?.getSubscription();
  if (!found) return;
  const body = new URLSearchParams({ endpoint: found.endpoint, csrfmiddlewaretoken: csrfToken() });
  const answer = await fetch("/profile/notifications/devices/here/", { method: "POST", body });
  if (answer.status === 404) await found.unsubscribe();
  if (answer.ok || answer.status === 404) sessionStorage.setItem("rings", session);
}
if (person && session && !offlineSince && "serviceWorker" in navigator && sessionStorage.getItem("rings") !== session) ringsHere().catch(() => {});

// --- a state that was kept says how old it is --------------------------------------------------------------------------
function since(text) {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 60000));
  const at = new Date(text).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  const age = document.getElementById("age-words")?.dataset;
  const old = !age ? "" : minutes < 1 ? age.now : minutes < 60 ? age.minutes.replace("0", minutes) : age.hours.replace("0", Math.floor(minutes / 60));
  return `${at}, ${old}`;
}
const kept = document.querySelector("[data-kept-state]");
if (offlineSince && kept) {
  kept.hidden = false;
  const show = () => { kept.querySelector("[data-kept-at]").textContent = since(offlineSince); };
  show();
  setInterval(show, 20000);
  whenBack(() => location.reload());
}

// --- a form without a connection: not sent, and the words stay where they are -------------------------------------------
const away = () => offlineSince || !navigator.onLine;
document.addEventListener("submit", (event) => {
  if (!away() || event.target.method !== "post") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (new URL(event.target.action).pathname === "/sign-out/") navigator.serviceWorker?.controller?.postMessage({ t: "signed-out" });
  toast(words.unsent || "", "danger");
}, true);
document.body.addEventListener("htmx:error", (event) => {
  const request = event.detail?.ctx?.request;
  if (request && !/^GET$/i.test(request.method || "GET") && !navigator.onLine) toast(words.unsent || "", "danger");
});

// --- installing ---------------------------------------------------------------------------------------------------------
let offer = null;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  document.querySelectorAll("[data-install]").forEach((button) => { button.hidden = false; });
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-install]") && offer) { offer.prompt(); offer = null; }
});
if (matchMedia("(display-mode: standalone)").matches) document.querySelectorAll("[data-install-hint]").forEach((hint) => { hint.hidden = true; });
