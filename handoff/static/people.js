/* Copying a new password or link. The buttons show only where the browser lets a page copy. */
for (const button of navigator.clipboard ? document.querySelectorAll(".first-password .copy") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = button.previousElementSibling;
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.closest("section").querySelector("[role=status]").textContent = button.dataset.copied;
    } catch { /* refused by the browser: the words are selected, to copy by hand */ }
  });
}
