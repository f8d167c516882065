/* The reply box: kept while nothing was sent, sent once however often it is pressed, and back when it failed. */
import { word } from "./words.js";

const LONGEST = 4000;
const NEAR = 300; // characters from the limit at which it is shown

const form = () => document.getElementById("reply");
const box = () => document.getElementById("text");
const key = () => `rechtdoor:draft:${document.getElementById("work")?.dataset.conversation}`;
const length = (text) => [...text].length;

function keep(text) {
  try {
    if (text) sessionStorage.setItem(key(), text);
    else sessionStorage.removeItem(key());
  } catch { /* this browser stores nothing; the box itself still holds it */ }
}

function kept() {
  try {
    return sessionStorage.getItem(key()) ?? "";
  } catch {
    return "";
  }
}

/** After a conversation came on the page: what was typed before is there again. */
export function restore() {
  const text = kept();
  for (const note of document.querySelectorAll("[data-draft-kept]")) note.hidden = !text;
  if (box() && !box().value) box().value = text;
  if (box()) countLeft();
}

function countLeft() {
  const left = LONGEST - length(box().value);
  const note = document.getElementById("reply-left");
  note.hidden = left > NEAR;
  note.classList.toggle("over", left < 0);
  note.textContent = left < 0 ? word("over", { n: -left }) : word("left", { n: left });
}

function problem(text) {
  const note = document.getElementById("reply-problem");
  note.hidden = !text;
  note.textContent = text;
  box().setAttribute("aria-invalid", text ? "true" : "false");
}

function busy(on) {
  form().querySelector("button.primary").setAttribute("aria-busy", on ? "true" : "false");
  box().readOnly = on;
}

/* A client id belongs to one text: the same text sent again is the same message, another text is another one. */
function clientId(text) {
  const { dataset } = form();
  if (dataset.text !== undefined && dataset.text !== text) dataset.client = crypto.randomUUID().replaceAll("-", "");
  dataset.text = text;
  return dataset.client;
}

async function post(text) {
  const response = await fetch(form().dataset.action, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ client_id: clientId(text), text }),
    signal: AbortSignal.timeout(15_000),
  });
  if (response.ok) return "";
  if (response.status === 401) return word("signed_out");
  const said = await response.json().catch(() => ({}));
  return said.detail || word("refused");
}

async function send(sent) {
  const text = box().value;
  if (box().readOnly) return;
  if (!text.trim()) return problem(word("empty"));
  if (length(text) > LONGEST) return problem(word("over", { n: length(text) - LONGEST }));
  const mine = form();
  problem("");
  busy(true);
  const wrong = await post(text).catch(() => word("not_sent"));
  if (form() !== mine) return sent();
  busy(false);
  if (wrong) return problem(wrong);
  arrived(form().dataset.client);
  sent();
}

/** A reply is in the transcript: the box that held it is emptied, also when its answer never came back. */
export function arrived(client) {
  if (!form() || form().dataset.client !== client || form().dataset.text !== box().value) return;
  box().value = "";
  keep("");
  problem("");
  countLeft();
  delete form().dataset.text;
  form().dataset.client = crypto.randomUUID().replaceAll("-", "");
}

/** Put text where the cursor is. */
export function insert(text) {
  if (!box()) return;
  const { selectionStart: from, selectionEnd: to, value } = box();
  const before = value.slice(0, from);
  box().setRangeText((before && !/\s$/.test(before) ? "\n\n" : "") + text, from, to, "end");
  box().dispatchEvent(new Event("input", { bubbles: true }));
  box().focus();
}

export function installReply(sent) {
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "reply") return;
    event.preventDefault();
    send(sent);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "text") return;
    keep(event.target.value);
    countLeft();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "text" || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send(sent);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (button) insert(button.dataset.insert);
  });
}
