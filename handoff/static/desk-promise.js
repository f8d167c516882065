/* Promises and closing: one dialog for both forms, the line on a promise, the folded list, and time that passes. */
import { word } from "./words.js";

const LOOK_MS = 2000;
const FOLD = "rechtdoor:folded";
const SOON_MS = 30 * 60_000;

const byId = (id) => document.getElementById(id);
const dialog = () => byId("ask");
const conversation = () => byId("work")?.dataset.conversation;

/* An answer that comes after another conversation was opened is not shown. */
function filled() {
  const form = dialog().querySelector("form");
  if (!form || form.dataset.of !== conversation()) return;
  if (!dialog().open) dialog().showModal();
  const wrong = dialog().querySelector(".notice.bad");
  (form.querySelector("[autofocus]") ?? form.querySelector("button, input:not([type=hidden])")).focus();
  if (wrong) dialog().scrollTop = 0;
}

function failed(text) {
  let note = byId("ask-problem");
  if (!note) {
    note = document.createElement("p");
    note.id = "ask-problem";
    note.className = "notice bad";
    note.setAttribute("role", "alert");
    dialog().querySelector("h2").after(note);
  }
  note.textContent = text;
}

/* Enter in a field that may be left empty must not promise the first time on offer. */
function entered(event) {
  const form = event.target.closest("form.pledge");
  if (event.key !== "Enter" || !form || !event.target.matches("input")) return;
  event.preventDefault();
  if (event.target.closest(".other-time")) form.querySelector("[data-other]").click();
  else form.querySelector(".presets button, [data-other]").focus();
}

/* Escape while a form is still on its way: it does not come any more. */
function escaped(event) {
  if (event.key === "Escape") htmx.trigger(dialog(), "htmx:abort");
}

function clicked(event) {
  if (event.target.closest("[data-ask-shut]")) dialog().close();
  const fill = event.target.closest("[data-fill]");
  if (!fill) return;
  const field = byId(fill.dataset.fill);
  field.value = fill.dataset.words;
  field.focus();
}

/* After something was done with the promise its buttons are gone: go on where one was. */
function settled() {
  dialog().close();
  if (document.activeElement === document.body) (byId("text") ?? byId("transcript"))?.focus({ preventScroll: true });
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(FOLD) ?? "{}");
  } catch {
    return {};
  }
}

let folded = stored();

function fold({ target }) {
  if (!target.dataset?.fold) return;
  folded = { ...folded, [target.dataset.fold]: target.open };
  try {
    localStorage.setItem(FOLD, JSON.stringify(folded));
  } catch { /* then for this page only */ }
}

/** Lists that were left open are open again after they were read anew. */
export function unfold() {
  for (const list of document.querySelectorAll("[data-fold]")) list.open = folded[list.dataset.fold] ?? false;
}

function state(due) {
  const left = due - Date.now();
  if (left <= 0) return "late";
  return left <= SOON_MS ? "soon" : "open";
}

let asked = "";

/* What became due since the page was read: told by the server as well, but a lost event must not hide it. */
function look(again) {
  const passed = [...document.querySelectorAll("[data-state]")].filter((line) => {
    const time = line.querySelector("[data-due]");
    return time && state(new Date(time.dateTime)) !== line.dataset.state;
  });
  const key = passed.map((line) => `${line.dataset.opens}${line.querySelector("[data-due]").dateTime}`).join();
  if (key && key !== asked) again();
  asked = key;
}

/* What is shown already is not put there again: what unfolds in it may be open. Nor is what an earlier row left: a reading
   that began before something was done with the promise may end after it. */
const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body;
const told = (part) => part.querySelector("[data-mark]")?.dataset ?? {};
const isNews = (part, shown) => part.mark !== shown.mark && Number(part.asOf) >= Number(shown.asOf ?? 0);

/** The promise that a shortcut is about: its button, or what unfolds above it. */
export function pressPromise(id) {
  const button = byId(id);
  button?.click();
  if (button?.matches("summary")) button.parentElement.querySelector(".panel button").focus();
}

export function undoLast() {
  [...document.querySelectorAll("#toasts [data-undo]")].at(-1)?.click();
}

export function installPromises(again) {
  const { body } = document;
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "promise" || !detail.shouldSwap) return;
    const of = detail.xhr.getResponseHeader("X-Conversation");
    if (of && of !== conversation()) detail.shouldSwap = false;
    else if (!isNews(told(parsed(detail.serverResponse)), told(detail.target))) {
      detail.shouldSwap = false; // the socket told of it first, and the line was read: only the form goes
      settled();
    }
  });
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target.id === "promise" && !isNews(told(fragment), told(target))) event.detail.shouldSwap = false;
  });
  body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id === "ask") filled();
    else if (detail.target.id === "promise") settled();
    else if (detail.target.id === "work") dialog().close();
    else if (detail.target.id === "queue") unfold();
  });
  body.addEventListener("htmx:sendError", ({ detail }) => dialog().contains(detail.elt) && failed(word("not_sent")));
  body.addEventListener("htmx:responseError", ({ detail }) => dialog().contains(detail.elt) && failed(word("refused")));
  dialog().addEventListener("click", clicked);
  dialog().addEventListener("keydown", entered);
  document.addEventListener("keydown", escaped);
  document.addEventListener("toggle", fold, true);
  unfold();
  setInterval(() => look(again), LOOK_MS);
}
