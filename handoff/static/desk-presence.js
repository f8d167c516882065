/* What happens right now in the open conversation: the customer types, a colleague looks along or writes, and what the
   customer has seen; and the same of me, for them. Nothing of it is stored here, and it all passes by itself. */
import { onLive, tellLive } from "./desk-live.js";
import { word } from "./words.js";

const AGAIN_MS = 15_000;
const TYPING_MS = 3_000;
const SHOWN_MS = 6_000;
const EDGE = 8; // pixels that may be cut off from a row that counts as seen

const byId = (id) => document.getElementById(id);
const conversation = () => byId("work")?.dataset.conversation;
const rows = () => [...(byId("rows")?.querySelectorAll("[data-seq]") ?? [])];
const seqOf = (row) => Number(row?.dataset.seq ?? 0);

let looked = null; // the conversation that the desk knows I have open
let told = 0; // the row up to which it knows that I have seen it
let inView = { of: null, seq: 0 };
let seenBy = { of: null, seq: 0 }; // the customer
let lookers = { of: null, people: [] };
let typed = 0;
let typing = { until: 0, after: 0 };

/** The number of the last row of the open conversation that was in view while the page was; 0 where none was. */
export function viewed() {
  look();
  return inView.of === conversation() ? inView.seq : 0;
}

/* Of me: what I have open, and what of it I have seen. */
function open() {
  const now = document.hidden ? null : conversation() ?? null;
  if (now !== looked) {
    looked = now;
    told = 0;
    lookers = { of: null, people: [] };
    showLookers();
    tellLive({ looking: now });
  }
  look();
}

function look() {
  const log = byId("transcript");
  if (document.hidden || !log) return;
  const end = log.getBoundingClientRect().bottom + EDGE;
  const row = rows().findLast((one) => one.offsetHeight && one.getBoundingClientRect().bottom <= end);
  const of = conversation();
  if (inView.of !== of) inView = { of, seq: 0 };
  inView.seq = Math.max(inView.seq, seqOf(row));
  if (looked !== of || inView.seq <= told || byId("composer")?.dataset.mode !== "mine") return;
  told = inView.seq;
  tellLive({ seen: { conversation: of, seq: told } });
}

function type(box) {
  const { mode } = byId("composer").dataset;
  const note = byId("reply").dataset.kind === "note";
  if (!box.value.trim() || !(note || mode === "mine") || Date.now() - typed < TYPING_MS) return;
  typed = Date.now();
  tellLive(note ? { typing: conversation(), note: true } : { typing: conversation() });
}

/* Of others. */
function put(id, text) {
  const line = byId(id);
  if (line && line.textContent !== text) line.textContent = text;
}

function showTyping() {
  if (rows().some((row) => row.dataset.from === "customer" && seqOf(row) > typing.after)) typing.until = 0;
  put("types", Date.now() < typing.until ? word("types") : "");
}

function doing({ name, writing }) {
  if (writing === "reply") return word("looks_reply", { name });
  return writing ? word("looks_note", { name }) : word("looks", { name });
}

function showLookers() {
  const people = lookers.of === conversation() ? lookers.people : [];
  put("looks", people.slice(0, 3).map(doing).concat(people.length > 3 ? word("looks_more", { n: people.length - 3 }) : []).join(" · "));
}

/* Under the last of our messages that she saw. A note is none of them. */
function showSeen() {
  const seen = seenBy.of === conversation() ? seenBy.seq : 0;
  const row = rows().findLast((one) => one.matches(".row.agent") && seqOf(one) <= seen);
  const old = byId("rows")?.querySelector(".seen-mark");
  if (old && old.parentElement === row) return;
  old?.remove();
  if (!row) return;
  const mark = document.createElement("p");
  mark.className = "seen-mark";
  mark.setAttribute("aria-live", "off");
  mark.textContent = word("seen");
  row.append(mark);
}

function hear(frame) {
  if (frame.event === "ready") {
    looked = null;
    return open();
  }
  if (frame.conversation !== conversation()) return;
  if (frame.event === "typing") {
    typing = { until: Date.now() + SHOWN_MS, after: seqOf(rows().at(-1)) };
    showTyping();
  } else if (frame.event === "lookers") {
    lookers = { of: frame.conversation, people: frame.people };
    showLookers();
  } else if (frame.event === "seen") {
    seenBy = { of: frame.conversation, seq: frame.seq };
    showSeen();
  }
}

function swapped({ detail }) {
  if (detail.target.id === "work" || detail.elt.id === "work") {
    typing.until = 0;
    open();
    showLookers();
    showSeen();
  } else if (detail.target.id === "rows") {
    showSeen();
    showTyping();
    look();
  }
}

export function installPresence() {
  onLive(hear);
  document.body.addEventListener("htmx:afterSettle", swapped);
  document.addEventListener("visibilitychange", open);
  document.addEventListener("input", (event) => event.target.id === "text" && type(event.target));
  document.addEventListener("scroll", (event) => event.target.id === "transcript" && look(), true);
  document.addEventListener("click", (event) => event.target.closest("[data-show]") && setTimeout(look));
  addEventListener("resize", look);
  setInterval(() => looked && tellLive({ looking: looked }), AGAIN_MS);
  setInterval(showTyping, 1000);
  open();
}
