/* The editors' forms: agents' words put into the answer, and a warning before typed words are lost. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  const answer = document.getElementById("answer");
  if (!button || !answer) return;
  if (!answer.value.includes(button.dataset.insert)) answer.value = answer.value.trim() ? `${answer.value.trimEnd()}\n\n${button.dataset.insert}` : button.dataset.insert;
  answer.dispatchEvent(new Event("input", { bubbles: true }));
  answer.focus();
});

// Until now a click would have been lost, so they were disabled.
for (const button of document.querySelectorAll("[data-insert]")) button.disabled = false;

let touched = false;
let leaving = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("[data-guard]")) touched = true;
});
document.addEventListener("submit", () => (leaving = true));
addEventListener("beforeunload", (event) => {
  if (touched && !leaving) event.preventDefault();
});

/* The language of what is being written follows the choice, for spelling and for screen readers. */
document.getElementById("language")?.addEventListener("change", (event) => {
  for (const id of ["question", "answer", "preview", "phrasings"]) {
    document.getElementById(id)?.setAttribute("lang", event.target.value);
  }
});
