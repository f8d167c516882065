/* Canned replies: `/` in the box lists them, filled in for this conversation. What could not be filled in stays in braces:
   it is selected, and a reply that still holds one is sent only when that is asked for twice. */
import { holdBack, insert } from "./desk-reply.js";
import { holds, suggest } from "./listbox.js";
import { word } from "./words.js";

const GAP = /\{([^{}\s](?:[^{}\n]{0,38}[^{}\s])?)\}/g;
const box = () => document.getElementById("text");
const conversation = () => document.getElementById("work")?.dataset.conversation;
const KEEP_MS = 30_000; // an order number that is named later is filled in soon enough
let asked = ""; // the reply that was held back because of its gaps
let kept = null; // { of, at, items }, items being a promise

/* Asked for when the box is entered, so that the list is there as soon as the sign is. */
function load() {
  const of = conversation();
  if (kept?.of === of && Date.now() - kept.at < KEEP_MS) return kept.items;
  const mine = { of, at: Date.now(), items: read(of) };
  mine.items.catch(() => kept === mine && (kept = null));
  kept = mine;
  return mine.items;
}

async function read(of) {
  const answer = await fetch(`/api/v1/desk/canned?conversation=${encodeURIComponent(of)}`);
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).canned;
}

function draw(item) {
  const other = item.language === box().dataset.langReply ? [] : [{ text: item.language.toUpperCase(), style: "soft" }];
  return [{ text: `/${item.shortcut}`, style: "strong" }, ...other, { text: item.filled, style: "preview-line", lang: item.language }];
}

function choose(item, from, to) {
  box().setSelectionRange(from, to);
  insert(item.filled);
  selectGap(from, from + item.filled.length);
}

/* Whether there is a gap in this part of the box; the first one is selected. */
function selectGap(from = 0, to = box().value.length) {
  const gap = [...box().value.matchAll(GAP)].find(({ index }) => index >= from && index < to);
  if (gap) box().setSelectionRange(gap.index, gap.index + gap[0].length);
  return Boolean(gap);
}

/* Words for a reply that still holds a gap, once; empty where it may go. */
function gapsIn(kind, text) {
  const names = [...new Set([...text.matchAll(GAP)].map(([all]) => all))];
  const this_ = `${conversation()}:${text}`;
  if (kind !== "reply" || !names.length || asked === this_) {
    asked = "";
    return "";
  }
  asked = this_;
  box().focus();
  selectGap();
  return word("gap", { names: names.join(", ") });
}

/** Go to the box and open the list there, as if `/` had been typed at its end. */
export function openCanned() {
  if (!box() || box().readOnly || box().closest("[hidden]")) return;
  const { value } = box();
  box().focus();
  box().setSelectionRange(value.length, value.length);
  box().setRangeText(!value || /\s$/.test(value) ? "/" : " /", value.length, value.length, "end");
  box().dispatchEvent(new Event("input", { bubbles: true }));
}

export function installCanned() {
  holdBack(gapsIn);
  document.addEventListener("focusin", (event) => event.target.id === "text" && conversation() && load());
  suggest({
    when: () => true,
    sign: /(?:^|\s)\/((?:[^\s/][^\n/]{0,40})?)$/u,
    load,
    matches: (item, query) => holds(`/${item.shortcut} ${item.filled} ${item.text}`, query),
    draw,
    choose,
    label: () => word("canned"),
  });
}
