/* A model's drafts: shown beside the box, put into it by a click alone, marked while they stand there, and asked about
   once before one goes out as it came. Nothing here sends anything. */
import { holdBack, insert } from "./desk-reply.js";
import { word } from "./words.js";

const byId = (id) => document.getElementById(id);
const key = () => `rechtdoor:model:${byId("work")?.dataset.conversation}`;
let asked = ""; // the draft that was asked about

function put(text) {
  try {
    if (text) sessionStorage.setItem(key(), text);
    else sessionStorage.removeItem(key());
  } catch { /* then the mark is gone with the page */ }
  mark();
}

function used() {
  try {
    return sessionStorage.getItem(key()) ?? "";
  } catch {
    return "";
  }
}

/* The mark stands as long as the box holds something that began as a draft. */
function mark() {
  const note = byId("draft-mark");
  if (note) note.hidden = !used() || byId("reply").dataset.kind !== "reply";
}

function boxChanged() {
  if (used() && !byId("text")?.value.trim() && byId("reply")?.dataset.kind === "reply" && byId("reply").dataset.ready) put("");
  else mark();
}

holdBack((kind, text) => {
  const draft = kind === "reply" && used();
  if (!draft || asked === draft || !text.includes(draft)) return "";
  asked = draft;
  return word("draft_untouched");
});

document.addEventListener("rechtdoor:box", boxChanged);
document.addEventListener("click", (event) => {
  const place = event.target.closest("#draft, #model-summary");
  if (!place || !event.target.closest("[data-model-use], [data-model-drop]")) return;
  const text = place.querySelector("[data-model-text]").textContent;
  place.replaceChildren();
  if (!event.target.closest("[data-model-use]")) return byId("text")?.focus();
  insert(text);
  asked = "";
  put(text.trim());
});
document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (["draft", "model-summary"].includes(detail.target?.id)) detail.target.textContent = word("draft_waits");
});
for (const wrong of ["htmx:sendError", "htmx:responseError"]) {
  document.body.addEventListener(wrong, ({ detail }) => {
    if (["draft", "model-summary"].includes(detail.target?.id)) detail.target.textContent = word("not_sent");
  });
}
mark();
