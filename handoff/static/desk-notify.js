/* Sound and desktop notifications, where the agent switched them on: for what needs her and what she does not see
   already. Every tab of the desk hears the same; one of them tells, whichever takes the lock first. */
import { say } from "./desk-say.js";
import { word } from "./words.js";

const ON = "rechtdoor:notify";
const TOLD = "rechtdoor:notified";
const KEPT_MS = 120_000; // so long a key is known as told; a conversation may come back to me later
const LATER_MS = 400; // a tab that is not looked at lets the one that is come first

const byId = (id) => document.getElementById(id);
const opened = () => byId("work")?.dataset.conversation;

function got(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function put(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch { /* then for this page only */ }
}

let on = got(ON, false);
let known = null; // what the list held last; null before the first look

/* What needs me, by a key that is another one when it happens again. */
function needs() {
  const items = [...document.querySelectorAll("#queue [data-mine]")];
  const given = items.map((item) => ({ key: `given ${item.dataset.mine}`, of: item.dataset.mine, words: word("notify_given"), item }));
  const said = items.filter((item) => item.dataset.said).map((item) => ({
    key: `said ${item.dataset.mine} ${item.dataset.said}`, of: item.dataset.mine, words: word("notify_said"), item, hiddenOnly: true,
  }));
  const told = [...document.querySelectorAll("#queue [data-tell]")].map((item) => ({
    key: `told ${item.dataset.tellKey}`, of: item.dataset.opens ?? item.closest("[data-mine]")?.dataset.mine ?? "", words: item.dataset.tell, item,
  }));
  return [...told, ...given, ...said];
}

/** The list was read again: tell what is new in it. What a person just did here herself is before her eyes. */
export function notice() {
  const now = needs();
  const fresh = known ? now.filter((need) => !known.has(need.key)) : [];
  known = new Set(now.map((need) => need.key));
  if (!on || !fresh.length) return;
  // A conversation that came from a colleague says so itself; that it is mine now is the same news.
  const once = fresh.filter((need, index) => !need.of || fresh.findIndex((other) => other.of === need.of) === index);
  for (const need of once) hold(need);
}

/* Whoever looks at it takes the key without a sound; else the first of my tabs that gets the lock tells it. */
async function hold(need) {
  const seen = !document.hidden && (need.hiddenOnly || (need.of && need.of === opened()));
  if (!seen && document.hidden) await new Promise((go) => setTimeout(go, LATER_MS));
  await locked(() => {
    const told = Object.entries(got(TOLD, {})).filter(([, at]) => Date.now() - at < KEPT_MS);
    if (told.some(([key]) => key === need.key)) return;
    put(TOLD, Object.fromEntries([...told, [need.key, Date.now()]]));
    if (!seen) tell(need);
  });
}

const locked = (work) => (navigator.locks ? navigator.locks.request("rechtdoor:notify", work) : work());

function tell({ key, of, words, item }) {
  tone();
  if (!document.hidden || !allowed()) return;
  const line = item.querySelector(".line");
  const body = item.dataset.tell ? "" : line?.textContent.trim() ?? "";
  const shown = notification(words, { body, tag: key, icon: byId("notify-on").dataset.icon, lang: document.documentElement.lang });
  shown?.addEventListener("click", () => {
    window.focus();
    if (of) (byId(`q-${of}`) ?? item).click();
    shown.close();
  });
}

/* Phones have the name, and refuse it to pages: there the sound must do. */
function notification(words, more) {
  try {
    return new Notification(words, more);
  } catch {
    return null;
  }
}

const allowed = () => "Notification" in window && Notification.permission === "granted";

/* Two soft notes, made here: no file to fetch. A browser lets a page sound only after it was clicked or typed in. */
let sound = null;
function wake() {
  if (!on || !window.AudioContext) return;
  sound ??= new AudioContext();
  if (sound.state === "suspended") sound.resume().catch(() => {});
}

function tone() {
  wake();
  if (sound?.state !== "running") return;
  note(587.33, 0);
  note(880, 0.14);
}

function note(pitch, after) {
  const from = sound.currentTime + after;
  const voice = sound.createOscillator();
  const volume = sound.createGain();
  voice.frequency.value = pitch;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(0.08, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.5);
  voice.connect(volume).connect(sound.destination);
  voice.start(from);
  voice.stop(from + 0.5);
}

/* The switch. The browser is asked for permission only when it is turned on. */
function show() {
  byId("notify-on").checked = on;
  const refused = on && "Notification" in window && Notification.permission === "denied";
  byId("notify-says").textContent = refused ? word("notify_refused") : "";
}

async function turn(value) {
  on = value;
  put(ON, on);
  wake();
  if (on) tone();
  if (on && "Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  show();
}

/** From the keyboard: on or off, said in a word. */
export async function toggleNotify() {
  await turn(!on);
  say(on ? word("notify_on") : word("notify_off"));
}

export function installNotify() {
  show();
  notice();
  byId("notify-on").addEventListener("change", (event) => turn(event.target.checked));
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake);
  addEventListener("storage", (event) => {
    if (event.key !== ON) return;
    on = got(ON, false);
    show();
  });
}
