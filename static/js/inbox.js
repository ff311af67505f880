// Keys of the inbox: J K move, Enter opens, E done, H snooze, U unread, ? the map. Off in fields, and where the person switched single keys off.
const list = () => [...document.querySelectorAll("[data-inbox] .mrow .open")];

function current() {
  const rows = list();
  const focused = rows.indexOf(document.activeElement);
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
  const button = document.querySelector(`[data-pane] [data-key="${key}"]`);
  if (!button) return false;
  button.form.requestSubmit(button);
  return true;
}

const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]") || !("singleKeys" in document.body.dataset)) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
  else if (key === "?") document.getElementById("inbox-keys")?.showModal();
  else if (!["e", "h", "u"].includes(key) || !press(key)) return;
  event.preventDefault();
});

// The list stays where it is when a push replaced it.
document.body.addEventListener("htmx:after:swap", () => {
  const id = document.querySelector("[data-pane]")?.dataset.pane;
  if (!id) return;
  const row = document.querySelector(`.mrow[data-id="${CSS.escape(id)}"]`);
  row?.classList.add("sel");
  row?.querySelector(".open")?.setAttribute("aria-current", "true");
});
