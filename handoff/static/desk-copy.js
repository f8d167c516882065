/* Copying a fact from the context. The buttons show only where the browser lets a page copy. */
export function installCopy() {
  if (!navigator.clipboard) return;
  document.documentElement.classList.add("can-copy");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const said = document.getElementById("copied");
    said.textContent = "";
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = `${button.dataset.copied}: ${button.dataset.copy}`;
    } catch { /* refused by the browser: the words are there to select */ }
  });
}
