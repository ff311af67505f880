// The approval page and the loop page: confirm dialogs, keys A, R and Z, the undo countdown, pushes. The server's clock decides; this only shows it.
const $ = (selector, from = document) => from.querySelector(selector);
const part = () => $("#approval");

// --- a decision that needs words or a second look asks first ------------------------------------------------------------
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-ask]") : null;
  if (!button || button.disabled) return;
  const dialog = document.getElementById(button.dataset.ask);
  if (!dialog) return;
  event.preventDefault();
  const field = $("textarea", dialog);
  if (field && !field.value) field.value = $("#comment")?.value || "";
  dialog.showModal();
});
// htmx swaps the whole part: an open dialog would leave the page behind it inert
document.addEventListener("submit", (event) => {
  if (event.target instanceof HTMLFormElement && event.target.id === "decide") document.querySelectorAll("dialog[open]").forEach((one) => one.close());
}, true);

// --- keys ---------------------------------------------------------------------------------------------------------------
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !("singleKeys" in document.body.dataset)) return;
  if (event.target.closest?.("input,textarea,select,[contenteditable]") || $("dialog[open]")) return;
  const button = part() && $(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`, part());
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});

// --- "read again" and "I have seen it" keep what was typed ---------------------------------------------------------------
let kept = null;
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("[data-keep-words]")) return;
  const form = document.getElementById("decide");
  kept = form ? [...new FormData(form)].filter(([name]) => name === "comment" || name.startsWith("term-")) : null;
});
function restore() {
  if (!kept || !part()) return;
  for (const [name, value] of kept) {
    const field = $(`[name="${CSS.escape(name)}"][form="decide"], #decide [name="${CSS.escape(name)}"]`, part());
    if (field && field.type !== "hidden" && field.type !== "checkbox") field.value = value;
  }
  kept = null;
}

// --- the undo window ------------------------------------------------------------------------------------------------------
let clock = 0;
function countdown() {
  const form = $("[data-undo]");
  clearInterval(clock);
  if (!form || form.dataset.over) return;
  const total = Number(form.dataset.window) || 10;
  const end = performance.now() + Number(form.dataset.left) * 1000;
  const show = () => {
    const left = Math.max(0, (end - performance.now()) / 1000);
    $("[data-seconds]", form).textContent = Math.ceil(left);
    $(".fg", form).setAttribute("stroke-dasharray", `${(62.8 * Math.min(1, left / total)).toFixed(1)} 62.8`);
    if (left > 0) return;
    clearInterval(clock);
    form.dataset.over = "1";
    $("[data-words]", form).textContent = form.dataset.done;
    $("button", form).hidden = true;
    $(".ring", form).setAttribute("hidden", "");
    setTimeout(refresh, 1500);
  };
  show();
  clock = setInterval(show, 250);
}

// --- pushes: only what concerns this case, and never over what somebody is typing -----------------------------------------
function refresh() {
  const shown = part();
  if (shown) window.htmx?.ajax("GET", shown.dataset.self, { target: "#approval", swap: "outerHTML" });
}
async function look() {
  const shown = part();
  if (!shown) return;
  const answer = await fetch(`/approvals/${shown.dataset.task}/state/`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return;
  const { state } = await answer.json();
  if (part() === shown && state !== shown.dataset.state) refresh();
}
function typing() {
  return $("dialog[open]") || document.activeElement?.closest?.("textarea,input:not([type=hidden]),select");
}
let waiting = 0;
function hereChanged() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if ($("#loop") && typing()) return hereChanged();
    look();
    document.body.dispatchEvent(new CustomEvent("atrium:instance-here"));
  }, 250);
}
document.body.addEventListener("atrium:instance", (event) => {
  const here = $("[data-instance]")?.dataset.instance;
  if (here && (!event.detail?.id || event.detail.id === here)) hereChanged();
});
document.body.addEventListener("atrium:resync", hereChanged);
// News of a case is not replayed: what happened between the making of this page and the connection is asked for once.
document.body.addEventListener("atrium:hello", () => { if ($("[data-instance]")) hereChanged(); });

// --- fragments come and go --------------------------------------------------------------------------------------------------
let last = null;
function settle() {
  if (part() === last) return;
  last = part();
  restore();
  countdown();
}
new MutationObserver(settle).observe(document.body, { childList: true, subtree: true });
settle();
