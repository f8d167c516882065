/* The box for replies and notes: kept while nothing was sent, sent once however often it is pressed, and back when it
   failed. What is typed is either for the customer or for colleagues, and each is kept under its own key. */
import { say } from "./desk-say.js";
import { word } from "./words.js";

const LONGEST = 4000;
const NEAR = 300; // characters from the limit at which it is shown

const byId = (id) => document.getElementById(id);
const form = () => byId("reply");
const box = () => byId("text");
const conversation = () => byId("work")?.dataset.conversation;
const key = (kind, of) => `rechtdoor:${kind === "note" ? "note" : "draft"}:${of}`;
const length = (text) => [...text].length;
const holds = []; // each says why a text is held back, or nothing
const extras = []; // each gives what goes along with a text
const refusals = []; // each says what to do about an answer that refuses it
const posted = new Set(); // the client ids of what this page sent
// Not a class: htmx puts the server's classes back a moment after a swap, and a note would go to the customer.
const kindNow = () => form().dataset.kind;
const noteOnly = () => "noteOnly" in form().dataset;

function put(name, text) {
  try {
    if (text) sessionStorage.setItem(name, text);
    else sessionStorage.removeItem(name);
  } catch { /* this browser stores nothing; the box itself still holds it */ }
}

function got(name) {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

const keep = (kind, text, of = conversation()) => put(key(kind, of), text);
const kept = (kind, of = conversation()) => got(key(kind, of));
const chosen = () => `rechtdoor:as-note:${conversation()}`;

/** After a conversation came on the page: what was typed before is there again, for whom it was. */
export function restore() {
  const reply = kept("reply");
  for (const note of document.querySelectorAll("[data-draft-kept]")) {
    note.hidden = !reply;
    note.querySelector("[data-draft]").textContent = reply;
  }
  if (form() && !form().dataset.ready) fillIn(kept("note"), reply);
}

function fillIn(note, reply) {
  form().dataset.ready = "yes";
  if (noteOnly()) unfold(Boolean(note));
  else wear(got(chosen()) || (note && !reply) ? "note" : "reply");
  box().value = kindNow() === "note" ? note : reply;
  countLeft();
}

/* The box looks and is named as what it holds, and so does the button that sends it. */
function wear(kind) {
  const note = kind === "note";
  form().dataset.kind = kind;
  byId("note-says").hidden = !note;
  byId("text-label").textContent = byId("text-label").dataset[kind];
  box().placeholder = box().dataset[kind];
  box().lang = box().dataset[note ? "langNote" : "langReply"];
  for (const button of form().querySelectorAll("[data-send]")) button.hidden = button.dataset.send !== kind;
  for (const button of form().querySelectorAll("[data-note-toggle]")) button.setAttribute("aria-pressed", String(note));
}

function unfold(open) {
  form().hidden = !open;
  for (const button of document.querySelectorAll(".no-reply [data-note-toggle]")) button.setAttribute("aria-expanded", String(open));
}

/** From a reply to a note or back: what was typed goes along, unless something of the other kind was waiting. */
export function toggleNote({ shut = false } = {}) {
  if (!form() || box().readOnly) return;
  if (noteOnly()) unfold(form().hidden || !shut);
  else turn(kindNow(), kindNow() === "note" ? "reply" : "note");
  if (!form().hidden) box().focus();
}

/** Go on in a note, open and in focus; what was typed stays as in `toggleNote`. */
export function startNote() {
  if (!form() || box().readOnly) return;
  if (noteOnly()) unfold(true);
  else if (kindNow() !== "note") turn("reply", "note");
  box().focus();
}

function turn(from, to) {
  const text = box().value;
  const other = kept(to);
  if (!other) {
    keep(to, text);
    keep(from, "");
  }
  wear(to);
  put(chosen(), to === "note" ? "yes" : "");
  box().value = other || text;
  problem("");
  countLeft();
}

function countLeft() {
  document.dispatchEvent(new CustomEvent("rechtdoor:box")); // what stands in the box is another text now
  const left = LONGEST - length(box().value);
  const note = byId("reply-left");
  note.hidden = left > NEAR;
  note.classList.toggle("over", left < 0);
  note.textContent = left < 0 ? word("over", { n: -left }) : word("left", { n: left });
}

function problem(text) {
  const note = byId("reply-problem");
  note.hidden = !text;
  note.textContent = text;
  box().setAttribute("aria-invalid", text ? "true" : "false");
}

function busy(on) {
  for (const button of form().querySelectorAll("[data-send]")) button.setAttribute("aria-busy", on ? "true" : "false");
  box().readOnly = on;
}

/* A client id belongs to one text of one kind: sent again it is the same message, anything else is another one. */
function clientId(kind, text) {
  const { dataset } = form();
  const what = `${kind}:${text}`;
  if (dataset.sent !== undefined && dataset.sent !== what) dataset.client = crypto.randomUUID().replaceAll("-", "");
  dataset.sent = what;
  return dataset.client;
}

/** What is sent under this client id comes from this page: no reply of its own is held back for it. */
export function noted(client) {
  posted.add(client);
  return client;
}

async function post(kind, text) {
  const more = Object.assign({}, ...(await Promise.all(extras.map((extra) => extra(kind, text)))));
  if (more.problem) return more.problem;
  const response = await fetch(form().dataset[kind === "note" ? "notes" : "messages"], {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ client_id: noted(clientId(kind, text)), text, ...more }),
    signal: AbortSignal.timeout(15_000),
  });
  if (response.ok) return "";
  if (response.status === 401) return word("signed_out");
  const said = await response.json().catch(() => ({}));
  const asked = refusals.map((refusal) => refusal(said, posted)).find(Boolean);
  if (asked) return asked === "again" ? post(kind, text) : asked;
  if (kind === "reply" && [403, 409].includes(response.status)) return word("lost");
  return said.detail || word("refused");
}

async function send(sent, kind) {
  const text = box().value;
  if (box().readOnly) return;
  if (!text.trim()) return problem(kind === "note" ? word("empty_note") : word("empty"));
  if (length(text) > LONGEST) return problem(word("over", { n: length(text) - LONGEST }));
  const held = holds.map((hold) => hold(kind, text)).find(Boolean);
  if (held) return problem(held);
  const mine = form();
  const of = conversation();
  problem("");
  busy(true);
  const wrong = await post(kind, text).catch(() => word("not_sent"));
  if (form() !== mine) return sentElsewhere(sent, kind, text, of, wrong);
  busy(false);
  if (wrong) return box().value === text && problem(wrong); // else it arrived all the same
  arrived(form().dataset.client);
  sent();
}

/* The answer came after the box was replaced: what was sent is nowhere to be sent again, what was not is told. */
function sentElsewhere(sent, kind, text, of, wrong) {
  if (wrong) say(wrong, "bad");
  else if (kept(kind, of) === text) keep(kind, "", of);
  if (!wrong && form() && of === conversation() && kindNow() === kind && box().value === text) box().value = "";
  restore();
  sent();
}

/** A message is in the transcript: the box that held it is emptied, also when its answer never came back. */
export function arrived(client) {
  if (!form() || form().dataset.client !== client || form().dataset.sent !== `${kindNow()}:${box().value}`) return;
  box().value = "";
  keep(kindNow(), "");
  busy(false);
  problem("");
  countLeft();
  delete form().dataset.sent;
  form().dataset.client = crypto.randomUUID().replaceAll("-", "");
}

/** Ask `hold(kind, text)` before something is sent: words for why not, or nothing. */
export function holdBack(hold) {
  holds.push(hold);
}

/** Send what `extra(kind, text)` gives along with the text; its `problem` says why nothing is sent. */
export function sendAlong(extra) {
  extras.push(extra);
}

/** Ask `refusal(said, posted)` about an answer that refuses: words for why, "again" to send it again, or nothing. */
export function onRefused(refusal) {
  refusals.push(refusal);
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
    send(sent, kindNow());
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "text") return;
    keep(kindNow(), event.target.value);
    countLeft();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "text" || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send(sent, kindNow());
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (button) insert(button.dataset.insert);
    if (event.target.closest("[data-note-toggle]")) toggleNote({ shut: true });
  });
}
