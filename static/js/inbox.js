// Keys of the inbox: J K move, Enter opens, E done, H snooze, U unread, X choose, Z undo, / search, ? the map. Off in fields, and where the
// person switched single keys off. And what a list needs that changes under one's eyes.
import { csrfToken, toast } from "./shell.js";

const PAGE = 30; // rows the server sends without being asked for more
const GONE_AFTER = 900; // milliseconds that a row others dealt with says so before it leaves: within the two seconds of a to-do list
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const list = () => $$("[data-inbox] .mrow .open");

function current() {
  const rows = list();
  const focused = rows.findIndex((row) => row.closest(".mrow").contains(document.activeElement));
  return focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
}

function move(step) {
  const rows = list();
  if (!rows.length) return;
  const at = current();
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const button = $(`[data-pane] [data-key="${key}"]`);
  if (!button) return false;
  button.form.requestSubmit(button);
  return true;
}

function choose() {
  const box = list()[current()]?.closest(".mrow").querySelector("input[type=checkbox]");
  if (box) box.click();
  return Boolean(box);
}

function together(key) {
  const button = chosen().length ? $(`#batch [data-all-key="${key}"]`) : null;
  button?.click();
  return Boolean(button);
}

// A key acts on the message that has the focus, not on the one that happens to be open: E and H put it away as a batch of one (with its
// undo) and go on to the next row, U stays with it; what the list cannot do for it opens it first.
function focused(key) {
  const row = document.activeElement?.closest?.(".mrow");
  if (!row || row.dataset.id === $("[data-pane]")?.dataset.pane) return false;
  const box = $("input[name=id]", row);
  const rows = $$(".mrow");
  const next = rows[rows.indexOf(row) + 1] || rows[rows.indexOf(row) - 1];
  if (!box || !$(`#batch [data-all-key="${key}"]`)) { $(".open", row).click(); return true; }
  box.checked = true;
  if (next && key !== "u") $(".open", next).focus();
  return together(key);
}
const act = (key) => together(key) || focused(key) || press(key);

function done() {
  if (act("e")) return true;
  const words = $("[data-no-e]")?.dataset.noE;
  if (words) toast(words, "warn");
  return Boolean(words);
}

function undo() {
  const button = $$("[data-batch-undo] button[type=submit]").pop();
  button?.click();
  return Boolean(button);
}

function search() {
  const field = $("#inbox-search");
  field?.focus();
  field?.select();
  return Boolean(field);
}

const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
const KEYS = {
  j: () => move(1) || true,
  k: () => move(-1) || true,
  x: choose,
  e: done,
  h: () => act("h"),
  u: () => act("u"),
  z: undo,
  "/": search,
  "?": () => { $("#inbox-keys")?.showModal(); return true; },
};
let afterG = 0; // G and a letter go to another page: the letter is not ours then

// Before the keys of every page: here / searches messages and ? shows the keys of the inbox.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if ($("dialog[open]") || !("singleKeys" in document.body.dataset)) return;
  const key = event.key.toLowerCase();
  const goes = Date.now() - afterG < 1500;
  afterG = key === "g" ? Date.now() : 0;
  if (goes || !KEYS[key]?.()) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// --- several messages at once ----------------------------------------------------------------------------------------------------------
const chosen = () => $$("[data-inbox] input[name=id]:checked");
function countChosen() {
  const batch = $("#batch");
  if (!batch) return;
  const count = chosen().length;
  $$("[data-none]", batch).forEach((one) => { one.hidden = count > 0; });
  $$("[data-some]", batch).forEach((one) => { one.hidden = count === 0; });
  $("[data-chosen]", batch).textContent = count;
}
document.addEventListener("change", (event) => { if (event.target.matches?.("[data-inbox] input[name=id]")) countChosen(); });

const dialog = () => document.getElementById("batch-check");
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#batch-check [data-close-link]")) return;
  event.preventDefault();
  dialog().close();
});
dialog()?.addEventListener("close", () => $("#batch-check-body").replaceChildren());
document.body.addEventListener("htmx:after:request", (event) => {
  const source = event.target;
  const took = source.matches?.("#batch button, [data-batch-check]") && event.detail?.ctx?.response?.status < 400;
  if (!took || source.name === "outcome") return;
  chosen().forEach((box) => { box.checked = false; });
  $("#batch-snooze:popover-open")?.hidePopover();
  delete source.dataset.batchCheck; // answered: it is not shown again
  if (dialog()?.open) dialog().close();
});

// The time to undo: the server's clock decides, this only shows it.
function countdown() {
  $$("[data-batch-undo]:not([data-counting])").forEach((form) => {
    const total = Number(form.dataset.left) || 10;
    const end = performance.now() + total * 1000;
    form.dataset.counting = "1";
    const clock = setInterval(() => {
      const left = Math.max(0, (end - performance.now()) / 1000);
      if (left === 0 || !form.isConnected) { clearInterval(clock); return form.remove(); }
      $("[data-seconds]", form).textContent = Math.ceil(left);
      $(".fg", form).setAttribute("stroke-dasharray", `${(62.8 * left / total).toFixed(1)} 62.8`);
    }, 250);
  });
}
document.body.addEventListener("htmx:after:request", (event) => {
  if (event.target.matches?.("[data-batch-undo]")) setTimeout(() => event.target.remove());
});
countdown();

// --- a push morphs the list, row by row: ticks, the focus and what is being typed stay; what others dealt with leaves ------------------
document.body.addEventListener("htmx:after:swap", () => {
  const opened = $("[data-pane]")?.dataset.pane;
  $$(".mrow").filter((row) => row.dataset.id === opened).forEach((row) => {
    row.classList.add("sel");
    $(".open", row).setAttribute("aria-current", "true");
  });
  join();
  countChosen();
  if ($("#batch-check-body [data-batch-check]") && dialog() && !dialog().open) dialog().showModal();
  countdown();
  setTimeout(sweep, GONE_AFTER);
});
function sweep() {
  const gone = $$(".mrow.gone");
  if (!gone.length) return;
  const at = current();
  const left = gone.some((row) => row.contains(document.activeElement));
  gone.forEach((row) => row.remove());
  $$("[data-inbox] section").forEach((group) => {
    const rows = $$(".mrow", group).length;
    if (rows) $(".grp .num", group).textContent = rows;
    else group.remove();
  });
  const rows = list();
  if (left && rows.length) rows[Math.min(at, rows.length - 1)].focus();
  if (!rows.length) window.htmx?.ajax("GET", $("#inbox-list").getAttribute("hx-get"), { target: "#inbox-list", swap: "innerMorph" });
}

// --- one page after another: what continues a group is put to it; a refresh asks for as many rows as are shown --------------------------
document.body.addEventListener("htmx:config:request", (event) => {
  const request = event.detail?.ctx?.request;
  const shown = list().length;
  if (event.target.id !== "inbox-list" || !request || shown <= PAGE) return;
  const url = new URL(request.action, location.href);
  url.searchParams.set("shown", shown);
  url.searchParams.delete("after");
  request.action = url.pathname + url.search;
});
function join() {
  const first = new Map();
  $$("[data-inbox] section").forEach((group) => {
    const same = first.get(group.dataset.group);
    if (!same) return first.set(group.dataset.group, group);
    $("ul", same).append(...$$(".mrow", group));
    $(".grp .num", same).textContent = $$(".mrow", same).length;
    group.remove();
  });
}

// --- a message that is read loses its dot ----------------------------------------------------------------------------------------------
const unread = $("[data-pane]")?.dataset.unread;
if (unread) {
  fetch(unread, { method: "POST", headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" } }).then((answer) => {
    if (!answer.ok) return;
    const row = $(`.mrow[data-id="${CSS.escape($("[data-pane]").dataset.pane)}"]`);
    row?.classList.remove("unread");
    row?.querySelector(".dot")?.remove();
  }).catch(() => {});
}

// --- a list that cannot be refreshed says how old it is ----------------------------------------------------------------------------------
const old = (is) => { const words = $("[data-list-old]"); if (words) words.hidden = !is; };
document.body.addEventListener("htmx:error", (event) => { if (event.target?.id === "inbox-list") old(true); });
document.body.addEventListener("htmx:response:error", (event) => { if (event.target?.id === "inbox-list") old(true); });
document.body.addEventListener("atrium:state", (event) => old(event.detail?.state === "offline"));
