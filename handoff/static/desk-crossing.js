/* A reply that crossed somebody else's is held back for a look: what was said meanwhile, and the way to send it anyway. */
import { viewed } from "./desk-presence.js";
import { onRefused, sendAlong } from "./desk-reply.js";
import { word } from "./words.js";

const byId = (id) => document.getElementById(id);
const panel = () => byId("crossed");

let known = { of: null, seq: 0 }; // what the agent was shown of it here

const conversation = () => byId("work")?.dataset.conversation;
const lastShown = () => Number([...byId("rows").querySelectorAll("[data-seq]")].at(-1)?.dataset.seq ?? 0);

function seenSeq(kind) {
  hide();
  if (kind !== "reply") return {};
  const seen = viewed() || lastShown();
  return { seen_seq: known.of === conversation() ? Math.max(seen, known.seq) : seen };
}

/* What this very page sent before is no news here; what came from elsewhere is. */
function refused(said, posted) {
  if (said.code !== "crossed" || !panel()) return undefined;
  known = { of: conversation(), seq: said.seq };
  const others = said.messages.filter((message) => !posted.has(message.client_id));
  if (!others.length) return "again";
  show(others);
  return word("crossed");
}

function show(messages) {
  byId("crossed-said").replaceChildren(...messages.map(line));
  panel().hidden = false;
}

function line({ author, author_name: name, text }) {
  const item = document.createElement("li");
  const who = document.createElement("span");
  const said = document.createElement("span");
  who.className = "strong";
  who.textContent = name ?? (author === "bot" ? word("the_bot") : word("colleague"));
  said.dir = "auto";
  said.lang = byId("rows").lang;
  said.textContent = text || word("hidden");
  item.append(who, " ", said);
  return item;
}

function hide() {
  if (panel()) panel().hidden = true;
}

export function installCrossing() {
  sendAlong(seenSeq);
  onRefused(refused);
  document.addEventListener("rechtdoor:box", () => byId("text")?.value || hide());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-crossed-shut]")) return;
    hide();
    byId("reply-problem").hidden = true;
    byId("text").focus();
  });
}
