// Behaviours every page shares, all by data-* attributes. Listeners sit on the document, so fragments that htmx brings need no set-up.
const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

export function csrfToken() {
  return ($("input[name=csrfmiddlewaretoken]") || {}).value || (document.cookie.match(/(?:^|; )atrium_csrf=([^;]+)/) || [])[1] || "";
}

// --- theme: switches at once, then tells the server ---------------------------------------------------------------------
function switchTheme(event, button) {
  const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
  event.preventDefault();
  root.dataset.bsTheme = root.dataset.theme = next;
  document.cookie = `atrium_theme=${next}; path=/; max-age=31536000; samesite=lax`;
  document.dispatchEvent(new CustomEvent("at:theme", { detail: next }));
  const form = button.form;
  if (!form) return;
  const body = new FormData();
  body.set("theme", next);
  body.set("csrfmiddlewaretoken", csrfToken());
  fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => {});
}

// --- popovers: the native API opens them; CSSOM places them next to their button ---------------------------------------
document.addEventListener("toggle", (event) => {
  const pop = event.target;
  if (!(pop instanceof HTMLElement) || !pop.matches("[popover].pop") || event.newState !== "open") return;
  const button = $$(`[popovertarget="${CSS.escape(pop.id)}"]`).find((b) => b.offsetParent !== null) || $(`[popovertarget="${CSS.escape(pop.id)}"]`);
  if (!button) return;
  const r = button.getBoundingClientRect(), w = pop.offsetWidth, h = pop.offsetHeight;
  let x = Math.min(Math.max(12, r.right - w), innerWidth - w - 12);
  let y = r.bottom + 6;
  if (r.left + w < innerWidth - 12 && r.left < innerWidth / 2) x = Math.max(12, r.left);
  if (y + h > innerHeight - 12) y = Math.max(12, r.top - h - 6);
  pop.style.left = `${x}px`;
  pop.style.top = `${y}px`;
}, true);

// --- clicks ------------------------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const theme = target.closest("[data-theme-toggle]");
  if (theme) return switchTheme(event, theme);
  const opener = target.closest("[data-dialog]");
  if (opener) {
    opener.closest("[popover]")?.hidePopover();
    document.getElementById(opener.dataset.dialog)?.showModal();
    return;
  }
  const closer = target.closest("dialog [data-close]");
  if (closer) return closer.closest("dialog").close();
  const copier = target.closest("[data-copy]");
  if (copier) return copy(copier);
  const gone = target.closest("[data-toast-close]");
  if (gone) gone.closest(".toast-x").remove();
});

// What is shown once is taken by one press. Where the browser gives no clipboard, the text is chosen, ready for Ctrl C.
async function copy(button) {
  const from = $(button.dataset.copy);
  getSelection().selectAllChildren(from);
  try {
    await navigator.clipboard.writeText(from.textContent.trim());
    toast(button.dataset.copied, "ok");
  } catch { /* it is chosen */ }
}

// --- keys --------------------------------------------------------------------------------------------------------------
let afterG = 0;
const GO = { h: "/", i: "/inbox/", a: "/approvals/", c: "/customers/", d: "/deals/", o: "/orders/", r: "/requests/" };
function openSearch(event) {
  const field = $(".at-search input[type=search]");
  event.preventDefault();
  if (field && field.offsetParent !== null) { field.focus(); field.select(); } else if (field) location.assign("/search/");
}
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "k") return openSearch(event);
  if (event.ctrlKey || event.metaKey || event.altKey || !("singleKeys" in document.body.dataset)) return;
  if (event.target.closest?.("input,textarea,select,[contenteditable]")) return;
  if (key === "/") return openSearch(event);
  if (key === "?") return document.getElementById("keys")?.showModal();
  if (key === "g") { afterG = Date.now(); return; }
  if (Date.now() - afterG < 1500 && GO[key] && $(`.at-side a[href="${GO[key]}"]`)) { event.preventDefault(); location.assign(GO[key]); }
  afterG = 0;
});

// --- toasts leave by themselves; dangers stay until closed; the pointer holds them -------------------------------------
function arm(toast) {
  if (toast.dataset.armed || toast.hasAttribute("data-stay")) return;
  toast.dataset.armed = "1";
  const leave = () => (toast.matches(":hover,:focus-within") ? setTimeout(leave, 1500) : toast.remove());
  setTimeout(leave, 6000);
}
export function toast(text, tone = "info") {
  const box = document.createElement("div");
  box.className = "toast-x";
  box.dataset.tone = tone;
  if (tone === "danger") box.dataset.stay = "";
  box.textContent = text;
  $("#toasts")?.append(box);
}
const region = $("#toasts");
if (region) {
  $$(".toast-x", region).forEach(arm);
  new MutationObserver(() => $$(".toast-x", region).forEach(arm)).observe(region, { childList: true });
}

// --- the badge: what I can act on now ----------------------------------------------------------------------------------
function showCount(number) {
  $$("[data-todo-count]").forEach((badge) => {
    badge.hidden = !number;
    $("[data-todo-number]", badge).textContent = number;
  });
}
let asking = false, again = false, told = 0;
function refreshCount(event) {
  if (Number.isInteger(event?.detail?.count)) {
    told += 1;
    return showCount(event.detail.count);
  }
  if (asking) {
    again = true; // the answer on its way may be older than what was just said
    return;
  }
  asking = true;
  const before = told;
  fetch("/shell/todo-count/", { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((data) => { if (data && told === before) showCount(data.count); })
    .catch(() => {})
    .finally(() => {
      asking = false;
      if (again) { again = false; refreshCount(); }
    });
}
document.body.addEventListener("atrium:todo", refreshCount);
document.body.addEventListener("atrium:resync", refreshCount);

// --- a request that gets no answer says so, and nothing on the page changes --------------------------------------------
document.body.addEventListener("htmx:error", () => {
  const words = $("[data-live-banner]");
  if (words) words.hidden = false;
});
document.body.addEventListener("htmx:after:request", (event) => {
  const words = $("[data-live-banner]");
  if (words && event.detail?.ctx?.response && document.body.dataset.live !== "offline") words.hidden = true;
});
// CSRF for htmx requests that are no form (buttons with hx-post)
document.body.addEventListener("htmx:config:request", (event) => {
  const request = event.detail?.ctx?.request;
  if (request && !/^(GET|HEAD)$/i.test(request.method || "GET")) request.headers["X-CSRFToken"] = csrfToken();
});

// --- pushes: "record" hints also as "record-<kind>", so that a fragment listens to its own kind only (filters would need code) -------
document.body.addEventListener("atrium:record", (event) => {
  const kind = event.detail?.kind;
  if (kind) document.body.dispatchEvent(new CustomEvent(`atrium:record-${kind}`, { detail: event.detail }));
});

// --- ages go on counting while the page is open ------------------------------------------------------------------------
const ageWords = document.getElementById("age-words")?.dataset;
function countAges() {
  if (!ageWords) return;
  $$(".asof[data-stale] time").forEach((time) => {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const words = seconds < 60 ? ageWords.now
      : seconds < 3600 ? ageWords.minutes.replace("0", Math.floor(seconds / 60))
      : seconds < 172800 ? ageWords.hours.replace("0", Math.floor(seconds / 3600))
      : ageWords.days.replace("0", Math.floor(seconds / 86400));
    const mark = time.closest(".asof");
    if (seconds > Number(mark.dataset.stale)) mark.classList.add("stale");
    else if (time.textContent !== words) time.textContent = words;
  });
}
setInterval(countAges, 20000);

// --- a form that was sent shows it at once and is not sent twice --------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("busy" in form.dataset) || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  const button = event.submitter || document.querySelector(`button[type=submit][form="${form.id}"]`);
  if (button) { button.classList.add("busy"); button.setAttribute("aria-busy", "true"); }
});
addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  $$(".busy").forEach((button) => { button.classList.remove("busy"); button.removeAttribute("aria-busy"); });
}));
