// Arranging the home page: gridstack on the same elements that the page has without script; the same by keys, said aloud. Saved with one form.
// Without this script each button of the menus acts by itself.
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const grid = $("#home-grid"), words = grid.dataset, form = $("[data-save]"), say = $("[data-say]");
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MENU = {
  left: ["move", -1, 0], right: ["move", 1, 0], up: ["move", 0, -1], down: ["move", 0, 1],
  narrower: ["size", -1, 0], wider: ["size", 1, 0], shorter: ["size", 0, -1], taller: ["size", 0, 1],
};
let changed = false;

grid.classList.add("grid-stack");
const stack = window.GridStack.init({
  column: 12, cellHeight: 104, margin: 8, float: false, handle: ".grab, .at-card > header",
  animate: !matchMedia("(prefers-reduced-motion: reduce)").matches, columnOpts: { breakpoints: [{ w: 767, c: 1 }] },
}, grid);
$$("[data-script]").forEach((one) => { one.hidden = false; });
$$("[data-no-script]").forEach((one) => { one.hidden = true; });
$$("[data-grab]").forEach((one) => { one.hidden = false; });
form.hidden = false;
grid.dataset.ready = "";
stack.on("change added removed", () => { changed = true; });

function tell(text, item, node) {
  const facts = { title: item.dataset.title, x: node.x + 1, y: node.y + 1, w: node.w, h: node.h };
  say.textContent = text.replace(/\{(\w+)\}/g, (_all, name) => facts[name]);
}
const locked = (item) => item.hasAttribute("gs-no-move");

function step(item, what, dx, dy) {
  const node = item.gridstackNode, before = JSON.stringify([node.x, node.y, node.w, node.h]);
  if (locked(item)) return tell(words.wordsLocked, item, node);
  const columns = stack.getColumn();
  if (what === "size") {
    const w = Math.min(columns - node.x, Math.max(node.minW || 1, node.w + dx)), h = Math.min(8, Math.max(node.minH || 1, node.h + dy));
    stack.update(item, { w, h });
  } else if (dx) {
    stack.update(item, { x: Math.min(columns - node.w, Math.max(0, node.x + dx)) });
  } else {
    past(item, node, dy);
  }
  const now = item.gridstackNode;
  const moved = JSON.stringify([now.x, now.y, now.w, now.h]) !== before;
  tell(moved ? (what === "size" ? words.wordsSized : words.wordsMoved) : words.wordsEdge, item, now);
}

// Up and down go past the neighbour: one row would be undone by gravity.
function past(item, node, dy) {
  const same = stack.engine.nodes.filter((n) => n !== node && n.x < node.x + node.w && node.x < n.x + n.w && !n.locked);
  const above = same.filter((n) => n.y < node.y).sort((a, b) => b.y - a.y)[0];
  const below = same.filter((n) => n.y >= node.y + node.h).sort((a, b) => a.y - b.y)[0];
  if (dy < 0 && above) stack.update(item, { y: above.y });
  if (dy > 0 && below) stack.update(below.el, { y: node.y });
}

function remove(item) {
  if (locked(item)) return tell(words.wordsLocked, item, item.gridstackNode);
  const node = { ...item.gridstackNode }, next = item.nextElementSibling || item.previousElementSibling;
  offer(item, node);
  stack.removeWidget(item);
  tell(words.wordsGone, item, node);
  ($("[data-grab]", next || document) || $("[data-save] button")).focus();
}

// What was removed is offered again in the gallery.
function offer(item, node) {
  const button = document.createElement("button");
  button.type = "submit";
  button.className = "gal";
  Object.assign(button.dataset, { add: node.id, w: node.w, h: node.h, leastW: node.minW || 1, leastH: node.minH || 1, title: item.dataset.title });
  const name = document.createElement("b");
  name.className = "grow";
  name.textContent = item.dataset.title;
  button.append(name);
  $("#add-widget form").append(button);
  const opener = $('[popovertarget="add-widget"]');
  opener.disabled = false;
}

function add(button) {
  const { add: id, w, h, leastW, leastH, title } = button.dataset;
  const item = document.createElement("div");
  item.className = "grid-stack-item";
  item.dataset.title = title;
  const content = document.createElement("div"), card = document.createElement("section"), head = document.createElement("header");
  content.className = "grid-stack-item-content";
  card.className = "at-card widget";
  const name = document.createElement("h2"), tools = document.createElement("div"), grab = document.createElement("button"), gone = document.createElement("button");
  name.textContent = title;
  tools.className = "tools";
  grab.className = "btn btn-s btn-ghost grab";
  grab.type = gone.type = "button";
  grab.dataset.grab = "";
  grab.setAttribute("aria-label", words.wordsGrab.replace("{title}", title));
  grab.setAttribute("aria-describedby", "edit-help");
  grab.textContent = "⠿";
  gone.className = "btn btn-s btn-ghost";
  gone.dataset.hide = "";
  gone.setAttribute("aria-label", words.wordsRemove.replace("{title}", title));
  gone.textContent = "×";
  tools.append(grab, gone);
  head.append(name);
  card.append(head);
  content.append(tools, card);
  item.append(content);
  grid.append(item);
  stack.makeWidget(item, { id, w: +w, h: +h, minW: +leastW, minH: +leastH, autoPosition: true });
  $("#add-widget").hidePopover();
  tell(words.wordsAdded, item, item.gridstackNode);
  button.remove();
  if (!$("#add-widget .gal")) $('[popovertarget="add-widget"]').disabled = true;
  grab.focus();
  item.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const grab = event.target instanceof Element ? event.target.closest("[data-grab]") : null;
  if (!grab || event.ctrlKey || event.metaKey || event.altKey) return;
  const item = grab.closest(".grid-stack-item"), move = STEPS[event.key];
  if (move) {
    event.preventDefault();
    step(item, event.shiftKey ? "size" : "move", ...move);
    grab.focus();
    item.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    remove(item);
  }
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-discard]")) changed = false;
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  const [verb] = (button.name === "step" ? button.value : "").split(":");
  if (button.dataset.add) {
    event.preventDefault();
    add(button);
  } else if ("hide" in button.dataset) {
    event.preventDefault();
    remove(button.closest(".grid-stack-item"));
  } else if (MENU[verb]) {
    event.preventDefault();
    step(button.closest(".grid-stack-item"), ...MENU[verb]);
  } else if (verb === "lock" || verb === "unlock") {
    event.preventDefault();
    lock(button, button.closest(".grid-stack-item"), verb === "lock");
  }
});
function lock(button, item, on) {
  item.toggleAttribute("data-locked", on);
  button.value = `${on ? "unlock" : "lock"}:${item.gridstackNode.id}`;
  const label = on ? words.wordsUnlock : words.wordsLock;
  button.replaceChildren(document.createTextNode(label));
  tell(on ? words.wordsNowLocked : words.wordsNowFree, item, item.gridstackNode);
  changed = true;
}

form.addEventListener("submit", () => {
  changed = false;
  // On a phone gridstack shows one column: what is saved is the wide layout, in which it leaves out a width or height that is the least one.
  const nodes = stack.getColumn() === 12 ? stack.engine.nodes : stack.save(false, false, undefined, 12);
  const cells = nodes.map(({ id, x, y, w, h }) => {
    const item = grid.querySelector(`[gs-id="${CSS.escape(id)}"]`), least = (name) => Number(item?.getAttribute(`gs-min-${name}`)) || 1;
    return { key: id, x: x || 0, y: y || 0, w: w || least("w"), h: h || least("h"), ...(item?.hasAttribute("data-locked") ? { locked: true } : {}) };
  });
  form.elements.cells.value = JSON.stringify(cells);
});
addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
