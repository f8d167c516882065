/* Files for the customer or for colleagues: chosen, dragged or pasted, looked at before they go, and kept until they
   have gone. They are sent before the words in the box, one after the other, each under an id of its own, so that
   sending again what had arrived already does no harm. */
import { noted, sendAlong, startNote } from "./desk-reply.js";
import { word } from "./words.js";

const LARGEST = 10 * 2 ** 20;
const KINDS = /^(image\/(jpeg|png|webp|gif)|application\/pdf)$/;
const TIMEOUT_MS = 300_000;

const byId = (id) => document.getElementById(id);
const conversation = () => byId("work")?.dataset.conversation;
const list = () => byId("attached");
const waiting = new Map(); // per conversation: what waits to be sent, also while another one is open
const here = () => waiting.get(conversation()) ?? [];

let sending = null;

function size(bytes) {
  const [value, unit] = bytes < 2 ** 20 ? [Math.max(0.1, bytes / 1024), "kB"] : [bytes / 2 ** 20, "MB"];
  const digits = value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits }).format(value)} ${unit}`;
}

function wrongWith(file) {
  if (!file.size) return word("file_empty");
  if (file.size > LARGEST) return word("file_large", { size: size(file.size) });
  return file.type && !KINDS.test(file.type) ? word("file_kind") : "";
}

/** Put files beside the words in the box; where there is no box for the customer, in a note. */
function add(files) {
  if (!list() || !files.length) return;
  if (byId("reply").hidden) startNote();
  const fresh = [...files].map((file) => ({
    file,
    name: file.name || word("file_pasted"),
    client: crypto.randomUUID().replaceAll("-", ""),
    picture: KINDS.test(file.type) && file.type !== "application/pdf" ? URL.createObjectURL(file) : "",
    wrong: wrongWith(file),
    part: null, // of it that has gone, while it goes
  }));
  waiting.set(conversation(), [...here(), ...fresh]);
  draw();
  byId("attached-says").textContent = word("file_added", { names: fresh.map(({ name }) => name).join(", ") });
  byId("text").focus();
}

function remove(item, of = conversation()) {
  if (item.picture) URL.revokeObjectURL(item.picture);
  waiting.set(of, (waiting.get(of) ?? []).filter((other) => other !== item));
  if (of === conversation()) draw();
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function draw() {
  if (!list()) return;
  const log = byId("transcript");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80; // the list takes its room from the transcript
  list().dataset.drawn = ""; // in this box: one that takes its place is empty
  list().hidden = !here().length;
  list().replaceChildren(...here().map(drawn));
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function drawn(item) {
  const name = make("span", { className: "name", dir: "auto", textContent: item.name, title: item.name });
  const what = make("span", {}, name, make("span", { className: "soft", textContent: size(item.file.size) }));
  const drop = make("button", { type: "button", className: "quiet square", textContent: "×" });
  drop.setAttribute("aria-label", word("file_remove", { name: item.name }));
  drop.addEventListener("click", () => {
    remove(item);
    (list().querySelector("button") ?? byId("text")).focus();
  });
  drop.disabled = item.part !== null;
  const row = make("li", {}, item.picture ? make("img", { src: item.picture, alt: "" }) : make("span", { className: "kind", textContent: item.name.split(".").at(-1).slice(0, 4).toUpperCase() }), what, drop);
  if (item.part !== null) {
    item.bar = make("progress", { max: 1, value: item.part });
    item.bar.setAttribute("aria-label", word("file_going", { name: item.name }));
    row.append(item.bar);
  }
  if (item.wrong) row.append(make("p", { className: "problem", role: "alert", textContent: item.wrong }));
  return row;
}

/* One file to its conversation: empty when it is there, else words for why not. */
function upload(item, to, kind) {
  return new Promise((done) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much has gone
    const note = kind === "note" ? "&note=1" : "";
    request.open("POST", `${to}?client_id=${noted(`${item.client}-${kind}`)}${note}`);
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.timeout = TIMEOUT_MS;
    request.upload.onprogress = ({ loaded, total }) => {
      item.part = total ? loaded / total : 0;
      if (item.bar) item.bar.value = item.part;
    };
    request.onload = () => done(wordsFor(request));
    request.onerror = request.ontimeout = () => done(word("file_not_sent"));
    const form = new FormData();
    form.append("file", item.file, item.name);
    request.send(form);
  });
}

function wordsFor({ status, responseText }) {
  if (status === 201) return "";
  if (status === 401) return word("signed_out");
  if (status === 403 || status === 409) return word("file_lost");
  try {
    return JSON.parse(responseText).detail || word("file_refused");
  } catch {
    return word("file_refused");
  }
}

/* All that wait here, in order. What could not go stays, with why, and holds back what comes after it. */
async function sendAll(kind) {
  const of = conversation();
  const to = list().dataset.to;
  for (const item of [...(waiting.get(of) ?? [])]) {
    item.wrong = wrongWith(item.file);
    if (!item.wrong) {
      item.part = 0;
      draw();
      item.wrong = await upload(item, to, kind);
      item.part = null;
    }
    if (item.wrong) {
      draw();
      return item.wrong;
    }
    remove(item, of);
  }
  return "";
}

/* Files alone, without words: the box itself would ask for words. */
function sendAlone(event, read) {
  const box = byId("text");
  if (!here().length || box.value.trim()) return;
  event.preventDefault();
  event.stopPropagation();
  if (sending) return;
  box.readOnly = true;
  sending = sendAll(byId("reply").dataset.kind).finally(() => {
    sending = null;
    box.readOnly = false;
    read();
    (byId("text") ?? box).focus();
  });
}

const bringsFiles = (event) => event.dataTransfer?.types.includes("Files");

function installDrop() {
  let leaving = 0;
  const dropping = (on) => {
    clearTimeout(leaving);
    if (on) byId("work")?.setAttribute("data-dropping", "");
    else byId("work")?.removeAttribute("data-dropping");
  };
  document.addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault(); // else the browser leaves the desk and opens the file
    const talk = list() && event.target.closest?.(".talk");
    event.dataTransfer.dropEffect = talk ? "copy" : "none";
    dropping(Boolean(talk));
    leaving = setTimeout(() => dropping(false), 400);
  });
  document.addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    dropping(false);
    if (event.target.closest?.(".talk")) add(event.dataTransfer.files);
  });
}

export function installFiles(read) {
  document.addEventListener("click", (event) => event.target.closest("#attach-open") && byId("attach").click());
  document.addEventListener("change", (event) => {
    if (event.target.id !== "attach") return;
    add(event.target.files);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData ?? {};
    if (event.target.id !== "text" || !files?.length || types.includes("text/plain")) return; // words go first
    event.preventDefault();
    add(files);
  });
  installDrop();
  document.addEventListener("submit", (event) => event.target.id === "reply" && sendAlone(event, read), true);
  document.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "text";
    if (sends) sendAlone(event, read);
  }, true);
  sendAlong(async (kind) => {
    const wrong = here().length ? await sendAll(kind) : "";
    return wrong ? { problem: wrong } : {};
  });
  document.body.addEventListener("htmx:afterSettle", () => list() && !("drawn" in list().dataset) && draw());
  addEventListener("beforeunload", (event) => {
    if ([...waiting.values()].some((items) => items.length)) event.preventDefault();
  });
}
