// What was typed survives a session that ended. The words of a form wait in this tab while its person signs in again and are put back into
// the same form, not sent. They leave the tab as soon as a sending worked or somebody else signs in. Never kept: passwords, hidden fields, files.
const KEY = "atrium:draft";
const NOT_DONE = new Set(["signin", "signed-out", "failed", "unavailable", "broken", "refused", "signin-failed"]);
const { person = "", page = "" } = document.body.dataset;

const read = () => { try { return JSON.parse(sessionStorage.getItem(KEY) || "null"); } catch { return null; } };
const write = (draft) => { try { sessionStorage.setItem(KEY, JSON.stringify(draft)); } catch { /* no room: the page works without */ } };
const drop = () => { try { sessionStorage.removeItem(KEY); } catch { /* as above */ } };

const typed = (field) => field.name && !["password", "hidden", "file", "submit", "button"].includes(field.type);
const ticks = (field) => field.type === "checkbox" || field.type === "radio";
function changed(field) {
  if (ticks(field)) return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}
const name = (form) => `${form.getAttribute("action") || location.pathname}#${form.id}`;
const posts = () => [...document.querySelectorAll("main form")].filter((form) => form.method === "post");

/** The changed fields of some forms: [form, field, value, ticked]. */
function taken(forms) {
  return forms.flatMap((form) => [...form.elements].filter((field) => typed(field) && changed(field))
    .map((field) => [name(form), field.name, field.value, ticks(field) ? field.checked : null]));
}
function keep(forms, lost) {
  const fields = taken(forms);
  if (fields.length) write({ person, path: location.pathname, fields, lost });
}
function putBack({ fields }) {
  let count = 0;
  for (const [of, field, value, ticked] of fields) {
    const form = posts().find((one) => name(one) === of);
    const found = form && [...form.elements].find((one) => one.name === field && typed(one) && (ticked === null || one.value === value));
    if (!found) continue;
    if (ticked === null) found.value = value; else found.checked = ticked;
    found.dispatchEvent(new Event("change", { bubbles: true }));
    count += 1;
  }
  return count;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form instanceof HTMLFormElement && form.method === "post" && form.closest("main")) keep([form], false);
});
document.body.addEventListener("htmx:after:request", (event) => {
  const { request, response } = event.detail?.ctx || {};
  if (request && response && !/^GET$/i.test(request.method || "GET") && response.status < 400) drop();
});
document.body.addEventListener("atrium:signed-out", () => keep(posts(), true)); // the connection heard it first

function arrive() {
  const draft = read();
  if (!draft) return;
  if (person && draft.person !== person) return drop();
  if (NOT_DONE.has(page)) { if (!draft.lost) write({ ...draft, lost: true }); return; }
  if (!person) return;
  if (!draft.lost) return drop();
  if (draft.path !== location.pathname) return; // on the way back
  const show = () => {
    if (!putBack(draft)) return false;
    drop();
    document.querySelector("[data-kept]")?.removeAttribute("hidden");
    return true;
  };
  // a form that htmx brings comes later
  if (!show()) document.body.addEventListener("htmx:after:swap", () => { if (read()) show(); });
}
arrive();
