/* The desk: what changed is read again, part by part; what is being typed and where one reads stays. */
import { installCanned } from "./desk-canned.js";
import { installCopy } from "./desk-copy.js";
import { installCrossing } from "./desk-crossing.js";
import { installFiles } from "./desk-files.js";
import { installHide } from "./desk-hide.js";
import { installKeys } from "./desk-keys.js";
import { live } from "./desk-live.js";
import { installMentions } from "./desk-mentions.js";
import { installNotify, notice } from "./desk-notify.js";
import { installPhotos } from "./desk-photo.js";
import { isPressed } from "./desk-press.js";
import { installPresence } from "./desk-presence.js";
import { arrived, installReply, restore, toggleNote } from "./desk-reply.js";
import { installPromises } from "./desk-promise.js";
import { installTransfer, tell } from "./desk-team.js";

const byId = (id) => document.getElementById(id);
const conversation = () => byId("work")?.dataset.conversation;
const title = document.title;
/* Between two readings of the list: after news of what is in it for me, and of anything else. */
const [MINE_MS, OTHER_MS] = [1000, 2500];
let mark = ""; // of the list as it was read last

/* One reading of a part at a time; a wish that comes in the middle is done after it, once. A wish that can wait names the
   milliseconds that must have passed since the last reading; where readings take long it waits longer. All desks hear of
   the same news at once: they do not all ask at once. */
function reader(read) {
  let [busy, last, took, timer] = [false, -Infinity, 0, 0];
  let wish = null;
  let due = Infinity;

  async function go() {
    clearTimeout(timer);
    [busy, wish, due] = [true, null, Infinity];
    const began = performance.now();
    await read().catch(() => {});
    last = performance.now();
    took = last - began;
    busy = false;
    plan();
  }

  /* The longer a reading takes, the wider the desks of a team spread theirs: by a second and a half at most. */
  const spread = () => Math.random() * Math.min(wish - 800, 30 * took);

  function plan() {
    if (busy || wish === null) return;
    const now = performance.now();
    due = Math.min(due, wish ? Math.max(now, last + Math.max(wish, 5 * took)) + spread() : now);
    clearTimeout(timer);
    if (due > now) timer = setTimeout(go, due - now);
    else go();
  }

  return function run(calm = 0) {
    wish = Math.min(wish ?? Infinity, calm);
    plan();
  };
}

const readQueue = reader(async () => {
  const shown = byId("queue").querySelectorAll("a.waits").length;
  const limit = Math.min(200, Math.max(50, Math.ceil(shown / 50) * 50));
  const address = `/desk/queue?limit=${limit}&open=${encodeURIComponent(conversation() ?? "")}&had=${mark}`;
  await htmx.ajax("GET", address, { source: "#queue", target: "#queue", swap: "innerHTML" });
});

const readRows = reader(async () => {
  if (!conversation()) return;
  const after = [...byId("rows").querySelectorAll("[data-seq]")].at(-1)?.dataset.seq ?? 0;
  const address = `/desk/${conversation()}/new?after=${after}&mode=${byId("composer").dataset.mode}&promise=${byId("promise").firstElementChild.dataset.mark}`;
  await htmx.ajax("GET", address, { source: "#rows", target: "#rows", swap: "beforeend" });
});

function calm(id) {
  if (id === null) return 0;
  const mine = id && byId("queue").querySelector(`[data-mine="${CSS.escape(id)}"], [data-opens="${CSS.escape(id)}"]:not(.team *)`);
  return mine || id === conversation() ? MINE_MS : OTHER_MS;
}

function heard(id) {
  readQueue(calm(id));
  if (id === null || id === conversation()) readRows();
}

function showCount() {
  const waiting = Number(byId("queue").querySelector("[data-waiting]")?.dataset.waiting ?? 0);
  const due = Number(byId("queue").querySelector("[data-due-count]")?.dataset.dueCount ?? 0);
  const mine = byId("queue").querySelectorAll("[data-said]").length;
  const needed = waiting + due + mine; // what needs me, or anybody
  document.title = needed ? `(${needed}) ${title}` : title;
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
let drawn = null; // the mode that the page showed before the parts that are being put in now
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (target.id === "queue" && isPressed(target, readQueue)) {
    event.detail.shouldSwap = false;
    return;
  }
  if (target.id === "queue") mark = xhr.getResponseHeader("X-Mark") ?? mark;
  if (target.id === "me") readQueue(); // a reading under way may still bring the switch as it was before
  if (target.id !== "rows") return;
  const of = xhr.getResponseHeader("X-Conversation");
  if (of !== conversation()) event.detail.shouldSwap = false;
  wasAtEnd = atEnd();
});

/* The same for the parts around the rows: where the rows they came with are gone from the page, nobody hears of these.
   Parts that came because somebody has the conversation now are there already where this page itself took it: drawn
   a second time they would take what is just being typed, said or pointed at. All parts of an answer are put in at once. */
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { fragment } = event.detail;
  const { of, for: mode } = (fragment.dataset ? fragment : fragment.firstElementChild).dataset;
  drawn ??= byId("composer")?.dataset.mode ?? "";
  queueMicrotask(() => (drawn = null));
  if ((of && of !== conversation()) || (mode && mode === drawn)) event.detail.shouldSwap = false;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target.id === "queue") {
    showCount();
    tell();
    notice();
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
  readRows(); // what came while this was on its way
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
installCanned();
installCopy();
installKeys(show, toggleNote);
installTransfer();
installFiles(readRows);
installPhotos();
installHide();
installPromises(() => heard(null));
opened();
showCount();
tell();
installMentions();
installNotify();
installPresence();
installCrossing();
live({ heard, online });
