// Runs before the first paint: the person's choice (data-theme on <html>, else the cookie), else the system's.
(function () {
  var root = document.documentElement;
  var asked = new URLSearchParams(location.search).get("theme");
  var kept = (document.cookie.match(/(?:^|; )atrium_theme=(light|dark|system)/) || [])[1];
  var choice = root.dataset.theme && root.dataset.theme !== "system" ? root.dataset.theme : kept || "system";
  if (asked === "light" || asked === "dark") choice = asked;
  var dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
