/* Asking a colleague: `@` in a note lists them, and the note that is sent says whom it asks. Whoever is asked finds the
   question above an open note. */
import { holdBack, insert, sendAlong, startNote } from "./desk-reply.js";
import { holds, suggest } from "./listbox.js";
import { word } from "./words.js";

const MOST = 5;
const KEEP_MS = 60_000;
const box = () => document.getElementById("text");
const form = () => document.getElementById("reply");
const chosen = new Map(); // name to id: of two colleagues with the same name, the one who was chosen last
let known = null; // { at, people }
let warned = ""; // the reply that was held back because it names a colleague

/* Everybody one can ask; read anew after a while, for who is there changes. */
async function colleagues() {
  if (known && Date.now() - known.at < KEEP_MS) return known.people;
  const answer = await fetch("/api/v1/desk/people");
  if (!answer.ok) throw new Error(answer.status);
  const people = (await answer.json()).people.filter((person) => !person.me);
  known = { at: Date.now(), people: people.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)) };
  return known.people;
}

const rank = ({ present, away }) => (present && !away ? 0 : present ? 1 : 2);
const whereabouts = ({ present, away }) => (!present ? word("at_gone") : away ? word("at_away") : word("at_there"));

function choose(person, from, to) {
  chosen.set(person.name, person.id);
  box().setSelectionRange(from, to);
  insert(`@${person.name} `);
}

/* The ids of those whose `@name` a note holds; the longest name first, for one may be the beginning of another. */
function named(people, text) {
  const ids = [];
  let rest = text;
  for (const name of [...new Set(people.map((person) => person.name))].sort((a, b) => b.length - a.length)) {
    if (!rest.includes(`@${name}`)) continue;
    rest = rest.replaceAll(`@${name}`, "");
    ids.push(chosen.get(name) ?? people.find((person) => person.name === name).id);
  }
  return ids;
}

async function asks(kind, text) {
  if (kind !== "note" || !text.includes("@")) return {};
  const ids = named(await colleagues(), text);
  return ids.length > MOST ? { problem: word("asks_many", { n: MOST }) } : { asks: ids };
}

/* Words for a reply to the customer that calls a colleague, once: it may have been meant as a note. */
function callsIn(kind, text) {
  const called = kind === "reply" && known && text.includes("@") && named(known.people, text).length;
  const again = warned === text;
  warned = called && !again ? text : "";
  return warned && word("call_in_reply");
}

/* Who is asked about this conversation, and may not answer the customer, goes on in a note. */
function answerHere() {
  if (form()?.dataset.noteOnly !== undefined && document.querySelector("#asked-here section")) startNote();
}

export function installMentions() {
  sendAlong(asks);
  holdBack(callsIn);
  document.addEventListener("input", (event) => event.target.id === "text" && event.target.value.includes("@") && colleagues().catch(() => {}));
  suggest({
    when: () => form().dataset.kind === "note",
    sign: /(?:^|[\s(])@((?:[^\s@][^\n@]{0,40})?)$/u,
    load: colleagues,
    matches: (person, query) => holds(person.name, query),
    draw: (person) => [{ text: person.name, style: "strong" }, { text: whereabouts(person), style: "soft" }],
    choose,
    label: () => word("colleagues"),
  });
  document.addEventListener("click", (event) => event.target.closest("[data-note-start]") && startNote());
  document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target.id === "work" || detail.elt.id === "work") answerHere();
  });
  answerHere();
}
