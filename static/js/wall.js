// A board on a wall: as many tiles as the screen holds, page by page, without scrolling. It goes on by itself; Space holds it, the arrows turn pages. A push
// changes the tiles in place and keeps the page. On a phone, and without script, the board scrolls as ever.
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const EACH = Number(new URLSearchParams(location.search).get("each")) * 1000 || 15_000;
const roomy = matchMedia("(min-width: 768px) and (min-height: 500px)");
let at = 0, held = false, timer = 0;

// Figures fill pages of up to twelve, charts pages of two: what is alike stands together.
function pages() {
  const tiles = $$("#board .figures > *"), figures = tiles.filter((tile) => tile.matches(".tile")), charts = tiles.filter((tile) => !tile.matches(".tile"));
  const chunk = (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
  return [...chunk(figures, 12), ...chunk(charts, 2)];
}

function show() {
  const all = pages(), wall = roomy.matches;
  document.body.classList.toggle("wall-pages", wall);
  at = all.length ? ((at % all.length) + all.length) % all.length : 0;
  all.forEach((tiles, index) => tiles.forEach((tile) => { tile.classList.toggle("off-wall", wall && index !== at); }));
  const grid = $("#board .figures");
  if (grid) grid.dataset.count = String(wall ? all[at]?.length || 0 : 0);
  $("[data-wall-pages]").hidden = !wall || all.length < 2;
  $("[data-wall-place]").textContent = wall && all.length > 1 ? `${at + 1} / ${all.length}` : "";
  dispatchEvent(new Event("resize")); // charts take the room they have now
}

function turn(by) {
  at += by;
  show();
  clearInterval(timer);
  if (!held) timer = setInterval(() => turn(1), EACH);
}

function hold() {
  held = !held;
  $("[data-wall-stop]").setAttribute("aria-pressed", String(held));
  turn(0);
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-wall-step], [data-wall-stop]") : null;
  if (button) button.matches("[data-wall-stop]") ? hold() : turn(Number(button.dataset.wallStep));
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("[data-chart], button, a, input, select")) return;
  if (event.key === " ") { event.preventDefault(); hold(); }
  else if (event.key === "ArrowRight") turn(1);
  else if (event.key === "ArrowLeft") turn(-1);
});
document.body.addEventListener("htmx:after:swap", show);
roomy.addEventListener("change", show);
turn(0);
