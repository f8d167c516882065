/* Showing what one types as a password, and hiding it again. */
const show = document.getElementById("show");
const field = document.getElementById("password");

show.hidden = false;
show.addEventListener("click", () => {
  const on = field.type === "password";
  field.type = on ? "text" : "password";
  show.setAttribute("aria-pressed", String(on));
  field.focus();
});
// Hidden again before it is sent, so that the browser keeps it as a password and not among other words.
field.form.addEventListener("submit", () => (field.type = "password"));
