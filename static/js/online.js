// When is the portal there again? The browser's own word ("online") comes early and only once, so the portal itself is asked, too.
const EVERY = 3000;
export function whenBack(go) {
  const ask = () => fetch("/offline/", { method: "HEAD", cache: "no-store" }).then((answer) => { if (answer.ok) go(); }).catch(() => {});
  addEventListener("online", ask);
  setInterval(ask, EVERY);
}
