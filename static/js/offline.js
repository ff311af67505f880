// The page without a connection: back to where it was asked for, as soon as there is one.
import { whenBack } from "./online.js";

const again = document.querySelector("[data-again]");
if (again) again.href = location.pathname === "/offline/" ? "/" : location.href;
// a form is never sent again by itself
if (!document.body.hasAttribute("data-unsent")) whenBack(() => location.reload());
