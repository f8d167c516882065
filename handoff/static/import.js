/* While a file is read or an import is done: says so, and takes no second press. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-upload]")) return;
  if (document.body.dataset.busy) return event.preventDefault();
  document.body.dataset.busy = "true";
  for (const button of document.querySelectorAll("[data-upload] button")) button.setAttribute("aria-busy", "true");
  const busy = document.querySelector("[data-busy]");
  if (busy) busy.hidden = false;
});
// The browser may bring this page back as it was left.
addEventListener("pageshow", () => {
  delete document.body.dataset.busy;
  for (const button of document.querySelectorAll("[data-upload] button")) button.removeAttribute("aria-busy");
  const busy = document.querySelector("[data-busy]");
  if (busy) busy.hidden = true;
});
