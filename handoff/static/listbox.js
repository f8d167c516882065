/* Suggestions above the reply box, for what is typed after a sign such as `/` or `@`. The box keeps the focus and is a
   combobox while the list is open. A source says what its sign is, what there is, and what a choice does. */
import { word } from "./words.js";

const sources = [];
const box = () => document.getElementById("text");
let open = null; // { source, from, items, found, at, list }
let left = null; // where a sign was left by Escape or by a choice: it does not open again
let wanted = 0;
let choosing = false;

const bare = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether every word of `query` is in `text`, whatever the accents. */
export function holds(text, query) {
  const all = bare(text);
  return bare(query).split(/\s+/).every((part) => all.includes(part));
}

/* The source whose sign stands before the cursor, where it stands, and what was typed after it. */
function sign() {
  const { selectionStart: to, selectionEnd, value } = box();
  if (to !== selectionEnd) return null;
  for (const source of sources) {
    const found = source.when() && source.sign.exec(value.slice(0, to));
    if (found) return { source, from: to - found[1].length - 1, query: found[1] };
  }
  return null;
}

async function look() {
  const now = sign();
  const mine = ++wanted;
  if (!now || left === now.from) {
    if (!now) left = null;
    return shut();
  }
  left = null;
  if (open?.source === now.source && open.from === now.from) return show(now, open.items);
  shut();
  const items = await now.source.load().catch(() => []);
  const then = mine === wanted && box() && document.activeElement === box() ? sign() : null;
  if (then?.source === now.source && then.from === now.from) show(then, items);
}

function show({ source, from, query }, items) {
  const found = items.filter((item) => source.matches(item, query));
  if (!found.length) return shut();
  const same = open?.found[open.at];
  shut();
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", source.label());
  found.forEach((item, at) => list.append(option(source, item, at)));
  box().before(list);
  open = { source, from, items, found, at: Math.max(0, found.indexOf(same)), list };
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "true", "aria-controls": "suggestions",
    "aria-autocomplete": "list", "aria-haspopup": "listbox" })) box().setAttribute(name, value);
  mark(open.at);
  tell(word("found", { n: found.length }));
}

function option(source, item, at) {
  const row = document.createElement("li");
  row.id = `suggestion-${at}`;
  row.setAttribute("role", "option");
  for (const { text, style, lang } of source.draw(item)) {
    const part = document.createElement("span");
    part.className = style;
    part.dir = "auto";
    if (lang) part.lang = lang;
    part.textContent = text;
    row.append(part, " ");
  }
  return row;
}

function mark(at) {
  open.at = (at + open.found.length) % open.found.length;
  [...open.list.children].forEach((row, n) => row.setAttribute("aria-selected", String(n === open.at)));
  box().setAttribute("aria-activedescendant", `suggestion-${open.at}`);
  open.list.children[open.at].scrollIntoView({ block: "nearest" });
}

function shut() {
  open = null;
  document.getElementById("suggestions")?.remove();
  for (const name of ["role", "aria-expanded", "aria-controls", "aria-autocomplete", "aria-haspopup", "aria-activedescendant"]) box()?.removeAttribute(name);
}

function tell(text) {
  let says = document.getElementById("suggestions-say");
  if (!says) {
    says = document.createElement("p");
    says.id = "suggestions-say";
    says.className = "unseen";
    says.setAttribute("role", "status");
    document.body.append(says);
  }
  says.textContent = text;
}

function choose(at) {
  const { source, from, found } = open;
  const to = box().selectionStart;
  choosing = true;
  left = from;
  shut();
  box().focus();
  source.choose(found[at], from, to);
  choosing = false;
}

function pressed(event) {
  if (!open || event.target !== box() || event.isComposing) return;
  const act = {
    ArrowDown: () => mark(open.at + 1),
    ArrowUp: () => mark(open.at - 1),
    Enter: () => choose(open.at),
    Tab: () => choose(open.at),
    Escape: () => {
      left = open.from;
      shut();
    },
  }[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation(); // the desk's own keys, such as Escape, are for when no list is open
  act();
}

/** Offer a source: { when(), sign, load(), matches(item, query), draw(item), choose(item, from, to), label() }.
    `sign` matches the text up to the cursor; its first group is what was typed after the one character of the sign. */
export function suggest(source) {
  if (!sources.length) install();
  sources.push(source);
}

function install() {
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("input", (event) => event.target.id === "text" && !choosing && look());
  document.addEventListener("click", (event) => {
    const row = open && event.target.closest("#suggestions [role=option]");
    if (row) choose([...open.list.children].indexOf(row));
    else if (open && event.target !== box()) shut();
  });
  // The box keeps the focus while somebody points at the list.
  document.addEventListener("mousedown", (event) => event.target.closest("#suggestions") && event.preventDefault());
  document.addEventListener("focusout", (event) => event.target.id === "text" && shut());
  // A box that was put anew while its list was open, or was asked for, gets it back.
  document.body.addEventListener("htmx:afterSettle", () => {
    if (box() && box() === document.activeElement && !document.getElementById("suggestions")) look();
  });
}
