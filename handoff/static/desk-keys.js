/* Shortcuts of the desk. One letter each, never while typing, and they can be switched off. */
import { openCanned } from "./desk-canned.js";
import { pressHide } from "./desk-hide.js";
import { pressPromise, undoLast } from "./desk-promise.js";
import { toggleNotify } from "./desk-notify.js";

const OFF = "rechtdoor:keys-off";

const stored = () => {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
};

let off = stored();

function setOff(value) {
  off = value;
  try {
    localStorage.setItem(OFF, value ? "1" : "0");
  } catch { /* then for this page only */ }
}

function move(step) {
  const items = [...document.querySelectorAll("#queue a.item")].filter((item) => item.checkVisibility());
  if (!items.length) return;
  const here = items.indexOf(document.activeElement);
  const from = here >= 0 ? here : items.findIndex((item) => item.hasAttribute("aria-current"));
  const next = from < 0 ? 0 : Math.min(items.length - 1, Math.max(0, from + step));
  items[next].focus();
}

const press = (id) => document.getElementById(id)?.click();
/* For a moment after a dialog was shut the browser still names a field in it as the one with the focus. */
const typing = (element) =>
  !element.closest("dialog:not([open])") && element.closest("input, textarea, select, [contenteditable], dialog");

export function installKeys(show, toggleNote) {
  const dialog = document.getElementById("keys");
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    c: () => press(document.getElementById("take-promise") ? "take-promise" : "claim"),
    t: () => press("hand-on"),
    b: () => press("hand-back"),
    p: () => press(document.getElementById("pledge") ? "pledge" : "move-promise"),
    v: () => pressPromise("keep-promise"),
    w: () => pressPromise("drop-promise"),
    x: () => press("close"),
    z: () => undoLast(),
    h: () => pressHide(),
    u: () => {
      show("talk");
      press("attach-open");
    },
    a: () => press("away"),
    m: () => toggleNotify(),
    n: () => {
      show("talk");
      toggleNote();
    },
    r: () => {
      show("talk");
      document.getElementById("text")?.focus();
    },
    "/": () => {
      show("talk");
      openCanned();
    },
    f: () => {
      show("context");
      document.getElementById("seek")?.focus();
    },
    d: () => press("draft-ask"),
    e: () => {
      const row = document.activeElement.closest("#rows [data-from=agent]")?.dataset.seq;
      document.dispatchEvent(new CustomEvent("rechtdoor:propose", { detail: row }));
    },
    "?": () => dialog.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "text") return event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const action = actions[event.key];
    if (!action || (off && event.key !== "?")) return;
    event.preventDefault();
    action();
  });
  document.getElementById("show-keys").addEventListener("click", () => dialog.showModal());
  const on = document.getElementById("keys-on");
  on.checked = !off;
  on.addEventListener("change", () => setOff(!on.checked));
}
