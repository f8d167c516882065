/* The desk: what changed is read again, part by part; what is being typed and where one reads stays. */
import { installCopy } from "./desk-copy.js";
import { installKeys } from "./desk-keys.js";
import { live } from "./desk-live.js";
import { arrived, installReply, restore, toggleNote } from "./desk-reply.js";
import { installTransfer, tell } from "./desk-team.js";

const byId = (id) => document.getElementById(id);
const conversation = () => byId("work")?.dataset.conversation;
const title = document.title;

/* One reading of a part at a time; a wish that comes in the middle is done after it, once. */
function reader(read) {
  let busy = false;
  let again = false;
  return async function run() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      await read().catch(() => {});
    } while (again);
    busy = false;
  };
}

const readQueue = reader(async () => {
  const shown = byId("queue").querySelectorAll("a.waits").length;
  const limit = Math.min(200, Math.max(50, Math.ceil(shown / 50) * 50));
  const address = `/desk/queue?limit=${limit}&open=${encodeURIComponent(conversation() ?? "")}`;
  await htmx.ajax("GET", address, { source: "#queue", target: "#queue", swap: "innerHTML" });
});

const readRows = reader(async () => {
  if (!conversation()) return;
  const after = [...byId("rows").querySelectorAll("[data-seq]")].at(-1)?.dataset.seq ?? 0;
  const address = `/desk/${conversation()}/new?after=${after}&mode=${byId("composer").dataset.mode}`;
  await htmx.ajax("GET", address, { source: "#rows", target: "#rows", swap: "beforeend" });
});

function heard(id) {
  readQueue();
  if (id === null || id === conversation()) readRows();
}

function showCount() {
  const waiting = Number(byId("queue").querySelector("[data-waiting]")?.dataset.waiting ?? 0);
  document.title = waiting ? `(${waiting}) ${title}` : title;
}

function show(view) {
  byId("desk").dataset.view = view;
}

function atEnd() {
  const log = byId("transcript");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function toEnd() {
  const log = byId("transcript");
  if (log) log.scrollTop = log.scrollHeight;
  if (byId("jump")) byId("jump").hidden = true;
}

let offlineSoon = 0;
function online(yes) {
  clearTimeout(offlineSoon);
  if (yes) byId("offline").hidden = true;
  else offlineSoon = setTimeout(() => (byId("offline").hidden = false), 1500);
}

function opened() {
  restore();
  toEnd();
  for (const item of document.querySelectorAll("#queue a.item")) {
    const open = item.id === `q-${conversation()}` || item.dataset.opens === conversation();
    if (open && conversation()) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  }
}

/* An answer for a conversation that is no longer the open one is thrown away. */
let wasAtEnd = true;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (target.id === "me") readQueue(); // a reading under way may still bring the switch as it was before
  if (target.id !== "rows") return;
  const of = xhr.getResponseHeader("X-Conversation");
  if (of !== conversation()) event.detail.shouldSwap = false;
  wasAtEnd = atEnd();
});

/* The same for the parts around the rows: where the rows they came with are gone from the page, nobody hears of these. */
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { fragment } = event.detail;
  const { of } = (fragment.dataset ? fragment : fragment.firstElementChild).dataset;
  if (of && of !== conversation()) event.detail.shouldSwap = false;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target.id === "queue") {
    showCount();
    tell();
  }
  if (target.id === "rows") newRows();
});

function newRows() {
  const rows = [...byId("rows").querySelectorAll("[data-seq]")];
  for (const row of rows) if (row.dataset.client) arrived(row.dataset.client);
  restore();
  if (wasAtEnd) toEnd();
  else byId("jump").hidden = false;
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "work" && event.detail.elt.id !== "work") return;
  opened();
  show(conversation() ? "talk" : "queue");
  readQueue();
  const box = byId("reply")?.dataset.noteOnly === undefined ? byId("text") : null;
  (box ?? byId("transcript") ?? byId("queue")).focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  const to = event.target.closest("[data-show]");
  if (event.target.closest("#jump")) toEnd();
  if (!to) return;
  event.preventDefault();
  show(to.dataset.show);
  byId(to.dataset.show === "talk" ? "transcript" : to.dataset.show)?.focus({ preventScroll: true });
});

document.addEventListener("scroll", (event) => {
  if (event.target.id === "transcript" && atEnd()) byId("jump").hidden = true;
}, true);

installReply(readRows);
installCopy();
installKeys(show, toggleNote);
installTransfer();
opened();
showCount();
tell();
live({ heard, online });
