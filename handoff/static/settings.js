/* The settings' forms: a warning before something filled in is lost. */
let touched = document.querySelector("[data-touched]") !== null;
let leaving = false;

document.addEventListener("input", (event) => {
  if (event.target.closest("#hours")) touched = true;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#hours [name=do]")) touched = true;
});
document.addEventListener("submit", () => (leaving = true));
addEventListener("beforeunload", (event) => {
  if (touched && !leaving) event.preventDefault();
});
