/* The texts' page: finding while one types, saving where something was typed, and a warning before that is lost. */
const filter = document.getElementById("filter");
const bare = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/* Rows are hidden, not fetched again: what is being typed in them stays. */
function find() {
  const wanted = bare(filter.value).split(/\s+/).filter(Boolean);
  let none = true;
  for (const kind of document.querySelectorAll(".kind")) {
    const rows = [...kind.querySelectorAll("[data-words]")];
    for (const row of rows) {
      const text = bare(`${row.dataset.words} ${row.querySelector("textarea").value}`);
      row.hidden = !wanted.every((word) => text.includes(word));
    }
    kind.hidden = rows.every((row) => row.hidden);
    none &&= kind.hidden;
  }
  document.querySelector("#found > p").hidden = !none;
}

function mark(field) {
  field.closest("li").classList.toggle("touched", field.value !== field.dataset.stored);
}

document.addEventListener("input", (event) => {
  if (event.target === filter) find();
  else if (event.target.matches("[data-stored]")) mark(event.target);
});
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-stored]");
  if (!field || event.isComposing || event.shiftKey) return;
  if (event.key === "Enter") {
    event.preventDefault();
    if (field.closest(".touched")) field.form.requestSubmit();
  }
  if (event.key === "Escape") {
    field.value = field.dataset.stored;
    field.closest("li").querySelector(".notice")?.remove();
    field.removeAttribute("aria-invalid");
    mark(field);
  }
});
addEventListener("beforeunload", (event) => {
  if (document.querySelector(".touched")) event.preventDefault();
});

document.querySelectorAll("[data-stored]").forEach(mark);
find();
