// The home page: an approval opened beside the widgets, without leaving the page; pushes for single widgets.
const $ = (selector, from = document) => from.querySelector(selector);
const desk = $("#home-desk");
let opener = null;

// a "widget" hint is for one widget; filters in hx-trigger would need code
document.body.addEventListener("atrium:widget", (event) => {
  const slug = String(event.detail?.key || "").replaceAll(/[._]/g, "-");
  if (slug) document.body.dispatchEvent(new CustomEvent(`atrium:widget-${slug}`, { detail: event.detail }));
});

// Nothing is taken from under somebody's hands: a widget in which something is open or being typed is refreshed when that is over.
const late = new Set();
const isBusy = (widget) => widget.querySelector("details[open]") || (widget.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
for (const name of ["htmx:before:request", "htmx:before:swap"]) {
  document.body.addEventListener(name, (event) => {
    const widget = event.target instanceof Element && event.target.matches("section.widget") ? event.target : null; // its own refresh, not one of its forms
    if (!widget || !isBusy(widget)) return;
    event.preventDefault();
    late.add(widget);
  });
}
// The one request for all that the page had not at hand brings a card for each place: those that somebody works in are fetched later, the others come.
document.body.addEventListener("htmx:before:swap", (event) => {
  const tasks = event.detail?.tasks || [];
  for (const task of tasks.filter((one) => one.type === "oob" && one.target instanceof Element)) {
    const busy = [...task.target.querySelectorAll("section.widget")].find(isBusy);
    if (!busy) continue;
    late.add(busy);
    tasks.splice(tasks.indexOf(task), 1);
  }
});
function catchUp() {
  for (const widget of late) {
    if (widget.isConnected && isBusy(widget)) continue;
    late.delete(widget);
    if (widget.isConnected) window.htmx.ajax("GET", widget.getAttribute("hx-get"), { target: widget, swap: "outerHTML" });
  }
}
document.addEventListener("toggle", catchUp, true);
document.addEventListener("focusout", () => setTimeout(catchUp));

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const link = target?.closest("[data-decide]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    open(link);
  } else if (target?.closest("[data-desk-close]")) {
    close();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !desk.hidden && !event.defaultPrevented && !$("dialog[open]") && desk.contains(document.activeElement)) close();
});

function open(link) {
  opener = link;
  const bar = document.createElement("div"), title = document.createElement("h2"), shut = document.createElement("button"), body = document.createElement("div");
  bar.className = "bar";
  title.className = "grow";
  title.textContent = link.dataset.title;
  title.tabIndex = -1;
  shut.className = "btn btn-s";
  shut.type = "button";
  shut.dataset.deskClose = "";
  shut.textContent = link.dataset.close;
  body.setAttribute("aria-busy", "true");
  const waiting = document.createElement("div");
  waiting.className = "sk w80";
  body.append(waiting);
  bar.append(title, shut);
  desk.replaceChildren(bar, body);
  desk.hidden = false;
  desk.scrollIntoView({ block: "start" });
  title.focus({ preventScroll: true });
  window.htmx.ajax("GET", `/approvals/${link.dataset.decide}/pane/`, { target: body, swap: "innerHTML" }).finally(() => body.removeAttribute("aria-busy"));
}

function close() {
  desk.hidden = true;
  desk.replaceChildren();
  const slot = opener?.isConnected ? opener : $("[data-decide]") || $("#main");
  slot.focus();
}
