// Swagger UI brings a second <main>; a page has one. Its operations become a group of ours.
const sheet = document.getElementById("swagger-ui");
new MutationObserver((changes, observer) => {
  const second = sheet.querySelector("main");
  if (!second) return;
  second.setAttribute("role", "group");
  second.setAttribute("aria-label", document.querySelector("h1").textContent);
  observer.disconnect();
}).observe(sheet, { childList: true, subtree: true });
