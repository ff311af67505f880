// How one is reached: the preview follows the form; this device can be let ring.
import { csrfToken, toast } from "./shell.js";

const form = () => document.getElementById("reach-form");
let later = 0;
document.addEventListener("change", (event) => {
  if (!event.target.closest?.("#reach-form")) return;
  clearTimeout(later);
  later = setTimeout(() => form()?.querySelector("[hx-post][hx-target='#reach-preview']")?.click(), 400);
});

// --- web push ----------------------------------------------------------------------------------------------------------
const box = () => document.getElementById("devices");
const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
const say = (which) => { const words = box()?.querySelector("[data-push-words]"); if (words) words.textContent = words.dataset[which]; };

function key(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/").padEnd(Math.ceil(text.length / 4) * 4, "="));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}
/** "Chrome, Windows": what its person calls this browser by. */
function label() {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : "Linux";
  return `${browser}, ${system}`;
}
async function ring(button) {
  button.disabled = true;
  try {
    if ((await Notification.requestPermission()) !== "granted") return say("refused");
    const registration = await navigator.serviceWorker.ready;
    const found = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key(box().dataset.pushKey) });
    const { endpoint, keys } = found.toJSON();
    const body = new URLSearchParams({ endpoint, p256dh: keys.p256dh, auth: keys.auth, label: label(), csrfmiddlewaretoken: csrfToken() });
    const answer = await fetch(box().dataset.pushUrl, { method: "POST", body, headers: { "HX-Request": "true" } });
    const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = parts.getElementById("devices");
    if (fresh) { box().replaceWith(fresh); window.htmx?.process(fresh); arm(); }
    const words = parts.querySelector(".toast-x")?.textContent.trim();
    if (words) toast(words, answer.ok ? "ok" : "danger");
  } catch {
    say("failed");
  } finally {
    button.disabled = false;
  }
}
function arm() {
  const button = box()?.querySelector("[data-push-on]");
  if (!button) return;
  if (!able()) return say("missing");
  button.hidden = false;
  button.addEventListener("click", () => ring(button));
}
arm();
document.body.addEventListener("htmx:after:swap", () => { if (box()?.querySelector("[data-push-on][hidden]")) arm(); });
