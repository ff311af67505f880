// The palette under the search field: hits while typing, arrows and Enter, recent searches when the field is empty.
// The server answers with what this person may see; only the words typed are remembered, in this browser, for each person apart.
const form = document.querySelector(".at-search");
const field = form?.querySelector("input[type=search]");
const list = document.getElementById("palette");
const KEEP = 6, WAIT = 120;
const key = `atrium:searches:${document.body.dataset.person || ""}`;
let asked = 0, timer = 0, current = -1;

function recents() {
  try { return JSON.parse(localStorage.getItem(key) || "[]").filter((text) => typeof text === "string").slice(0, KEEP); } catch { return []; }
}
function remember(text) {
  const words = text.trim().slice(0, 100);
  if (words.length < 2) return;
  try { localStorage.setItem(key, JSON.stringify([words, ...recents().filter((one) => one !== words)].slice(0, KEEP))); } catch { /* private window */ }
}
const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];

function open(yes) {
  list.hidden = !yes;
  field.setAttribute("aria-expanded", String(yes));
  if (!yes) choose(-1);
}
function choose(index) {
  const all = options();
  current = all.length && index >= 0 ? index % all.length : -1;
  all.forEach((one, at) => one.setAttribute("aria-selected", String(at === current)));
  if (current >= 0) {
    field.setAttribute("aria-activedescendant", all[current].id);
    all[current].scrollIntoView({ block: "nearest" });
  } else field.removeAttribute("aria-activedescendant");
}
function showRecents() {
  const found = recents();
  if (!found.length) return open(false);
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", list.dataset.recents);
  const head = document.createElement("div");
  head.className = "hd";
  head.setAttribute("aria-hidden", "true");
  head.textContent = list.dataset.recents;
  group.append(head);
  found.forEach((text, at) => {
    const hit = document.createElement("a");
    hit.className = "pal-hit";
    hit.id = `pal-r-${at}`;
    hit.setAttribute("role", "option");
    hit.setAttribute("aria-selected", "false");
    hit.tabIndex = -1;
    hit.href = `/search/?q=${encodeURIComponent(text)}`;
    hit.textContent = text;
    group.append(hit);
  });
  list.replaceChildren(group);
  choose(-1);
  open(true);
}
async function ask() {
  const q = field.value.trim(), mine = ++asked;
  if (!q) return showRecents();
  try {
    const answer = await fetch(`/search/quick/?q=${encodeURIComponent(q)}`, { headers: { "HX-Request": "true" } });
    if (mine !== asked || document.activeElement !== field) return;
    if (!answer.ok) return open(false); // hits of other words are no answer; Enter asks the whole page
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    list.replaceChildren(...page.body.childNodes);
    choose(-1);
    open(true);
  } catch { if (mine === asked) open(false); }
}

if (field && list) {
  field.addEventListener("input", () => { choose(-1); clearTimeout(timer); timer = setTimeout(ask, WAIT); });
  field.addEventListener("focus", ask);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return void ask();
      event.preventDefault();
      const count = options().length;
      choose(event.key === "ArrowDown" ? current + 1 : (current <= 0 ? count : current) - 1);
    } else if (event.key === "Enter" && current >= 0 && !list.hidden) {
      event.preventDefault();
      remember(field.value);
      location.assign(options()[current].href);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      open(false);
    }
  });
  form.addEventListener("submit", () => remember(field.value));
  list.addEventListener("click", (event) => { if (event.target.closest("a")) remember(field.value); });
  document.addEventListener("pointerdown", (event) => { if (!form.contains(event.target)) open(false); });
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) open(false); });
}
