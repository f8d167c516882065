/* Copying a new password. The button shows only where the browser lets a page copy. */
const button = document.querySelector(".first-password .copy");
if (button && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById("password-shown");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      document.getElementById("copied").textContent = button.dataset.copied;
    } catch { /* refused by the browser: the words are selected, to copy by hand */ }
  });
}
