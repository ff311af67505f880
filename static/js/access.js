// Rights matrix: arrows move between cells; the pressed cell keeps the focus when its fragment arrives.
const cells = (row) => [...row.querySelectorAll("td button")];

document.addEventListener("keydown", (event) => {
  const from = event.target.closest?.("table[data-grid] td button");
  if (!from || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
  const row = from.closest("tr");
  const column = cells(row).indexOf(from);
  const rows = [...from.closest("table").querySelectorAll("tbody tr")].filter((one) => cells(one).length);
  const at = rows.indexOf(row);
  const target = {
    ArrowLeft: () => cells(row)[column - 1],
    ArrowRight: () => cells(row)[column + 1],
    ArrowUp: () => rows[at - 1] && cells(rows[at - 1])[column],
    ArrowDown: () => rows[at + 1] && cells(rows[at + 1])[column],
    Home: () => cells(row)[0],
    End: () => cells(row).at(-1),
  }[event.key]();
  if (!target) return;
  event.preventDefault();
  target.focus();
});

let pressed = "";
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("table[data-grid] td button");
  pressed = button ? button.id : "";
});
for (const name of ["htmx:after:swap", "htmx:afterSwap"]) {
  document.addEventListener(name, () => {
    if (pressed && document.activeElement !== document.getElementById(pressed)) document.getElementById(pressed)?.focus();
  });
}
