/* Hiding a message that shows a secret, and showing it again. What a step says was hidden or shown is drawn anew. */
import { word } from "./words.js";

const byId = (id) => document.getElementById(id);
const conversation = () => byId("work")?.dataset.conversation;
const dialog = () => byId("hide");
const row = (seq) => byId(`m-${seq}`);

let asked = null; // {of, seq} of the message that the dialog is about

function ask(seq) {
  asked = { of: conversation(), seq };
  const said = row(seq).querySelector(".said");
  const named = said.querySelector("[data-photo]")?.dataset.photo ?? "";
  byId("hide-what").textContent = [named, said.textContent.trim()].filter(Boolean).join(" · ").slice(0, 300);
  problem("");
  dialog().showModal();
  byId("hide-yes").focus();
}

function problem(text) {
  byId("hide-problem").hidden = !text;
  byId("hide-problem").textContent = text;
}

/* Empty when it is done, else words for why not. */
async function post(what, { of, seq }) {
  try {
    const response = await fetch(`/api/v1/desk/conversations/${of}/messages/${seq}/${what}`, {
      method: "POST",
      headers: { "Accept-Language": document.documentElement.lang },
      signal: AbortSignal.timeout(15_000),
    });
    if (response.ok) return "";
    if (response.status === 401) return word("hide_signed_out");
    if (response.status === 409) return what === "show" ? word("show_late") : word("hide_busy");
    return response.status === 403 ? word("hide_lost") : word("hide_failed");
  } catch {
    return word("unreachable");
  }
}

async function hide() {
  const message = asked;
  const button = byId("hide-yes");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const wrong = await post("hide", message);
  button.removeAttribute("aria-busy");
  if (wrong) return problem(wrong);
  dialog().close();
  await drawAnew(message.of, message.seq);
  const undo = () => show(message);
  toast({ text: word("hide_done"), kind: "good", undo, label: word("hide_undo") });
}

async function show(message) {
  const wrong = await post("show", message);
  if (wrong) return toast({ text: wrong, kind: "bad" });
  await drawAnew(message.of, message.seq);
}

const toast = (detail) => document.dispatchEvent(new CustomEvent("rechtdoor:toast", { detail }));

async function drawAnew(of, seq) {
  const response = await fetch(`/desk/${of}/row/${seq}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  const old = row(seq);
  if (!response?.ok || of !== conversation() || !old) return;
  const fresh = document.createElement("div");
  fresh.innerHTML = await response.text(); // the server's own template, in which everything typed is escaped
  const put = fresh.querySelector("[data-seq]");
  if (!put || !row(seq)) return;
  const held = row(seq).contains(document.activeElement) || document.activeElement === document.body;
  row(seq).replaceWith(put);
  if (held) put.querySelector("[data-unhide], [data-hide]")?.focus({ preventScroll: true });
}

/* What the last step about a message says of it, against what the page shows. */
function follow() {
  const last = new Map();
  for (const { dataset } of document.querySelectorAll("#rows [data-hides], #rows [data-shows]")) {
    last.set(dataset.hides ?? dataset.shows, "hides" in dataset);
  }
  for (const [seq, hidden] of last) {
    if (row(seq) && "hidden" in row(seq).dataset !== hidden) drawAnew(conversation(), seq);
  }
}

/** The key: on the row in focus, or the last that can be hidden. */
export function pressHide() {
  const focused = document.activeElement.closest("#rows [data-seq]");
  const button = focused
    ? focused.querySelector("[data-hide], [data-unhide]")
    : [...document.querySelectorAll("#rows [data-hide]")].at(-1);
  button?.click();
}

export function installHide() {
  document.addEventListener("click", (event) => {
    const wish = event.target.closest("[data-hide], [data-unhide]");
    if (!wish) return;
    const { hide: secret, unhide } = wish.dataset;
    if (secret) ask(secret);
    else show({ of: conversation(), seq: unhide });
  });
  dialog().addEventListener("click", (event) => event.target.closest("[data-hide-shut]") && dialog().close());
  dialog().addEventListener("close", () => byId("hide-what").replaceChildren()); // it is to be seen nowhere
  dialog().querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    hide();
  });
  document.body.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.id === "rows" && follow());
}
