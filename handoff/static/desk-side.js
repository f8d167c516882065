/* The right column: the nearest entries follow what is typed or looked for; one click sends an entry; and one dialog
   for a proposal, a report and an earlier conversation. */
import { isPressed } from "./desk-press.js";
import { say } from "./desk-say.js";
import { word } from "./words.js";

const PAUSE_MS = 400;
const FEWEST = 3; // words of a reply from which it says what it is about
const LONGEST = 1000; // characters that are looked up

const byId = (id) => document.getElementById(id);
const conversation = () => byId("work")?.dataset.conversation;
const dialog = () => byId("side");

let soon = 0;
let request = null;
let sought = { of: "", text: "", here: false }; // outlives the column being put there anew

/* What the list should be near to: {text, sought}; no text is the customer's question, null to leave it as it is. */
function wish() {
  const seek = byId("seek")?.value.trim();
  if (seek) return { text: seek, sought: true };
  const typed = byId("reply")?.dataset.kind === "reply" ? byId("text").value.trim() : "";
  if (!typed) return { text: "", sought: false };
  if (typed.split(/\s+/).length < FEWEST) return null;
  return { text: [...typed].slice(-LONGEST).join(""), sought: false };
}

function addressOf(section, { text, sought }) {
  const query = new URLSearchParams(text ? { text } : {});
  if (sought) query.set("sought", "true");
  return `${section.dataset.nearest}?${query}`;
}

/* The old list stays until the new one is there, and where both say the same for good. */
async function look({ anew = false } = {}) {
  clearTimeout(soon);
  const section = byId("nearest");
  const wanted = section && wish();
  if (!wanted) return;
  const address = addressOf(section, wanted);
  if (address === section.dataset.asked && !anew) return;
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  section.dataset.asked = address;
  const html = await read(address, signal);
  if (signal.aborted || section !== byId("nearest")) return;
  if (html === null) {
    delete section.dataset.asked;
    return tellCount(word("near_failed"));
  }
  put(html);
}

async function read(address, signal) {
  try {
    const response = await fetch(address, { headers: { "HX-Request": "true" }, signal });
    return response.ok && !response.headers.has("HX-Redirect") ? await response.text() : null;
  } catch {
    return null;
  }
}

const plain = (element) => element.textContent.replace(/\s+/g, " ");

function put(html) {
  const list = byId("nearest-list");
  const fresh = document.createElement("div");
  fresh.innerHTML = html; // the server's own template, in which everything typed is escaped
  tellCount(fresh.querySelector("[data-says]")?.dataset.says ?? "");
  if (plain(fresh) !== plain(list) && !isPressed(list, () => draw(list, fresh))) draw(list, fresh);
}

function draw(list, fresh) {
  const open = new Set([...list.querySelectorAll("details[open]")].map((one) => one.closest("li").dataset.key));
  const back = placeIn(list);
  list.replaceChildren(...fresh.childNodes);
  for (const item of list.querySelectorAll("li")) if (open.has(item.dataset.key)) item.querySelector("details").open = true;
  htmx.process(list);
  back();
}

const CONTROLS = "summary, button, a";

/* Whoever is in the list keeps the place in it: the same control of the same entry, or else the heading. */
function placeIn(list) {
  const item = list.contains(document.activeElement) && document.activeElement.closest("li");
  if (!item) return () => {};
  const at = [...item.querySelectorAll(CONTROLS)].indexOf(document.activeElement);
  return () => {
    const same = [...list.querySelectorAll("li")].find((one) => one.dataset.key === item.dataset.key);
    (same?.querySelectorAll(CONTROLS)[at] ?? byId("nearest-title")).focus({ preventScroll: true });
  };
}

function tellCount(text) {
  const says = byId("nearest-says");
  if (says && says.textContent !== text) says.textContent = text;
}

function lookSoon() {
  clearTimeout(soon);
  soon = setTimeout(look, PAUSE_MS);
}

/* The column came anew: what was looked for in this conversation stands there again. */
function opened() {
  const seek = byId("seek");
  if (seek && !seek.value && sought.text && sought.of === conversation()) {
    seek.value = sought.text;
    if (sought.here) seek.focus({ preventScroll: true });
  }
  look();
}

/* One id for each press that was meant: pressed again before the answer came it is the same message, and a second
   press a moment after it is none. */
const MOMENT_MS = 3000;
let justSent = { what: "", at: 0 };

async function sendEntry(button) {
  const what = `${conversation()} ${button.dataset.sendEntry}`;
  const twice = what === justSent.what && Date.now() - justSent.at < MOMENT_MS;
  if (twice || button.getAttribute("aria-busy") === "true") return;
  button.dataset.client ??= crypto.randomUUID().replaceAll("-", "");
  button.setAttribute("aria-busy", "true");
  const wrong = await post(button).catch(() => word("not_sent"));
  button.setAttribute("aria-busy", "false");
  if (wrong) return say(wrong, "bad");
  delete button.dataset.client;
  justSent = { what, at: Date.now() };
  say(word("entry_sent", { question: button.dataset.question }));
  look({ anew: true });
}

const lastShown = () => Number([...byId("rows").querySelectorAll("[data-seq]")].at(-1)?.dataset.seq ?? 0);

async function post(button) {
  const response = await fetch(`/api/v1/desk/conversations/${conversation()}/answers`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ client_id: button.dataset.client, entry_key: button.dataset.sendEntry, seen_seq: lastShown() }),
    signal: AbortSignal.timeout(15_000),
  });
  if (response.ok) return "";
  if (response.status === 401) return word("signed_out");
  if (response.status === 404) return word("entry_gone");
  const said = await response.json().catch(() => ({}));
  if (said.code === "crossed") return word("entry_crossed");
  if ([403, 409].includes(response.status)) return word("lost");
  return said.detail || word("refused");
}

/** Make an FAQ entry of the reply in this row, or of the last one. */
function propose(seq) {
  if (!conversation()) return;
  const address = `/desk/${conversation()}/propose${seq ? `?seq=${seq}` : ""}`;
  htmx.ajax("GET", address, { source: "#side", target: "#side", swap: "innerHTML" });
}

/* An answer that comes after another conversation was opened is not shown; an empty one means that it is done. */
function filled() {
  const inside = dialog().firstElementChild;
  if (!inside || inside.dataset.of !== conversation()) return dialog().close();
  if (!dialog().open) dialog().showModal();
  (inside.querySelector("input:checked") ?? inside.querySelector("[autofocus]"))?.focus();
}

function failed(text) {
  let note = byId("side-problem");
  if (!note) {
    note = document.createElement("p");
    note.id = "side-problem";
    note.className = "notice bad";
    note.setAttribute("role", "alert");
    dialog().querySelector("h2").after(note);
  }
  note.textContent = text;
}

function installDialog() {
  const { body } = document;
  body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id === "side") filled();
    else if (detail.target.id === "work" && dialog().open) dialog().close();
  });
  const inDialog = (elt) => dialog().open && dialog().contains(elt);
  body.addEventListener("htmx:sendError", ({ detail }) => inDialog(detail.elt) && failed(word("not_sent")));
  body.addEventListener("htmx:responseError", ({ detail }) => inDialog(detail.elt) && failed(word("refused")));
  dialog().addEventListener("click", (event) => event.target.closest("[data-side-shut]") && dialog().close());
  dialog().addEventListener("close", () => dialog().replaceChildren());
  dialog().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    dialog().querySelector("form")?.requestSubmit();
  });
}

function leaveSearch(seek) {
  seek.value = "";
  sought = { of: "", text: "", here: false };
  byId("desk").dataset.view = "talk";
  (byId("text")?.checkVisibility() ? byId("text") : byId("transcript"))?.focus({ preventScroll: true });
  look();
}

document.addEventListener("input", (event) => {
  if (event.target.id !== "seek") return;
  sought = { of: conversation(), text: event.target.value, here: true };
  lookSoon();
});
document.addEventListener("focusout", (event) => {
  // Where the field itself left the page the focus is given back to the one that came.
  if (event.target.id === "seek" && event.target.isConnected) sought.here = false;
});
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "seek") return;
  if (event.key === "Enter") look();
  if (event.key === "Escape") leaveSearch(event.target);
  else if (event.key !== "Enter") return;
  event.preventDefault();
});
document.addEventListener("rechtdoor:box", lookSoon); // the box holds something else
document.addEventListener("rechtdoor:propose", (event) => propose(event.detail));
document.addEventListener("click", (event) => {
  const send = event.target.closest("[data-send-entry]");
  if (send) sendEntry(send);
  const row = event.target.closest("[data-propose]");
  if (row) propose(row.dataset.propose);
});
document.body.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.id === "work" && opened());
document.body.addEventListener("htmx:oobAfterSwap", ({ detail }) => detail.target.id === "context" && opened());
document.body.addEventListener("htmx:afterSettle", ({ detail }) => detail.target.id === "work" && opened());
installDialog();
opened();
