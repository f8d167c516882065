/* What concerns colleagues: the dialog that hands a conversation on, and what was handed to me or lost meanwhile. */
import { say } from "./desk-say.js";
import { word } from "./words.js";

const TOLD = "rechtdoor:told";
const dialog = () => document.getElementById("transfer");

let told = new Set(stored());

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(TOLD) ?? "[]");
  } catch {
    return [];
  }
}

/** Say once what the list marks. What left the list may be said again when it comes back. */
export function tell() {
  const marked = [...document.querySelectorAll("#queue [data-tell]")];
  const fresh = marked.map(({ dataset }) => dataset).filter((mark) => !told.has(mark.tellKey));
  const bad = fresh.filter((mark) => mark.tellKind === "bad");
  const due = fresh.filter((mark) => mark.tellKind === "due");
  if (bad.length > 1) say(word("lost_more", { n: bad.length }), "bad");
  if (due.length > 1) say(word("due_more", { n: due.length }), "due");
  const many = [bad, due].filter((some) => some.length > 1).flat();
  for (const mark of fresh) if (!many.includes(mark)) say(mark.tell, mark.tellKind);
  told = new Set(marked.map(({ dataset }) => dataset.tellKey));
  try {
    sessionStorage.setItem(TOLD, JSON.stringify([...told]));
  } catch { /* then for this page only */ }
}

/* An answer that comes after another conversation was opened is not shown. */
function filled() {
  const form = dialog().querySelector("form");
  if (form.dataset.of !== document.getElementById("work").dataset.conversation) return;
  if (!dialog().open) dialog().showModal();
  (form.querySelector("input:checked") ?? form.querySelector("input, textarea"))?.focus();
}

function failed(text) {
  let note = document.getElementById("transfer-problem");
  if (!note) {
    note = document.createElement("p");
    note.id = "transfer-problem";
    note.className = "notice bad";
    note.setAttribute("role", "alert");
    dialog().querySelector("h2").after(note);
  }
  note.textContent = text;
}

export function installTransfer() {
  const { body } = document;
  body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id === "transfer") filled();
    else if (detail.target.id === "work") dialog().close();
  });
  body.addEventListener("htmx:sendError", ({ detail }) => dialog().contains(detail.elt) && failed(word("not_sent")));
  body.addEventListener("htmx:responseError", ({ detail }) => dialog().contains(detail.elt) && failed(word("refused")));
  dialog().addEventListener("click", (event) => event.target.closest("[data-transfer-shut]") && dialog().close());
  dialog().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    dialog().querySelector("form").requestSubmit();
  });
}
