/* All pages: times in the reader's own zone, toasts, and small panels that shut by Escape or a click elsewhere. */
import { word } from "./words.js";

const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function lasted(seconds) {
  if (seconds < MINUTE) return word("seconds", { n: Math.max(0, Math.floor(seconds)) });
  if (seconds < HOUR) return word("minutes", { n: Math.floor(seconds / MINUTE) });
  if (seconds >= DAY) return word("days", { n: Math.floor(seconds / DAY) });
  return word("hours", { h: Math.floor(seconds / HOUR), m: String(Math.floor((seconds % HOUR) / MINUTE)).padStart(2, "0") });
}

function clock(moment) {
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(moment);
  if (moment.toDateString() === new Date().toDateString()) return time;
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" }).format(moment);
  return `${day} ${time}`;
}

function ago(moment) {
  const seconds = (Date.now() - moment) / 1000;
  if (seconds < MINUTE) return word("just_now");
  if (seconds > 7 * DAY) return new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" }).format(moment);
  const [size, unit] = seconds < HOUR ? [MINUTE, "minute"] : seconds < DAY ? [HOUR, "hour"] : [DAY, "day"];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
}

function due(moment) {
  const left = (moment - Date.now()) / 1000;
  const time = lasted(Math.max(MINUTE, Math.abs(left)));
  return left < 0 ? word("due_late", { time }) : word("due_in", { time });
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if ("clock" in time.dataset) put(time, clock(moment));
    else if ("due" in time.dataset) put(time, due(moment));
    else put(time, "ago" in time.dataset ? ago(moment) : lasted((Date.now() - moment) / 1000));
    if (!time.title) time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }).format(moment);
  }
  for (const span of document.querySelectorAll("[data-seconds]")) put(span, lasted(Number(span.dataset.seconds)));
}

const TOAST_MS = 8000;

function toast({ text, kind, href, label, undo, target }) {
  const box = document.createElement("div");
  box.className = `toast ${kind ?? ""}`;
  const words = document.createElement("p");
  words.textContent = text;
  const more = href ? [linkTo(href, label)] : undo ? [undoButton(undo, label, target)] : [];
  box.append(words, ...more, shutButton());
  document.getElementById("toasts").append(box);
  leaveLater(box);
}

function linkTo(href, label) {
  const link = document.createElement("a");
  link.className = "button";
  link.href = href;
  link.textContent = label;
  return link;
}

function undoButton(path, label, target) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.dataset.undo = "";
  button.addEventListener("click", () => {
    button.closest(".toast").remove();
    if (typeof path === "function") return path();
    const swap = target === "#work" ? "outerHTML" : "innerHTML";
    if (document.querySelector(target)) htmx.ajax("POST", path, { target, swap });
  });
  return button;
}

function shutButton() {
  const shut = document.createElement("button");
  shut.className = "square";
  shut.type = "button";
  shut.textContent = "×";
  shut.setAttribute("aria-label", word("shut"));
  shut.addEventListener("click", () => shut.closest(".toast").remove());
  return shut;
}

function leaveLater(box) {
  const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, TOAST_MS) : box.remove());
  setTimeout(leave, TOAST_MS);
}

function shutPanels(except) {
  for (const panel of document.querySelectorAll("details.sure[open]")) if (panel !== except) panel.open = false;
}

/* Heard on the target: the button that was pressed may be gone from the page before its answer comes. */
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const said = event.detail.xhr.getResponseHeader("X-Toast");
  if (said) toast(JSON.parse(said));
});
document.addEventListener("rechtdoor:toast", (event) => toast(event.detail));
document.body.addEventListener("htmx:sendError", () => toast({ text: word("unreachable"), kind: "bad" }));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-shut]")) shutPanels(null);
  else shutPanels(event.target.closest("details.sure"));
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.sure[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
for (const box of document.querySelectorAll("#toasts .toast")) {
  box.append(shutButton());
  leaveLater(box);
}
// On a phone the tabs scroll: the open one is in view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
// What was typed or chosen before htmx listened, or was put back by the browser, is asked for after all.
function moved(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
  return field.type === "search" && field.value !== field.defaultValue;
}

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[role=search][hx-get]")) {
    const field = [...form.elements].find(moved);
    if (field) field.dispatchEvent(new Event("change", { bubbles: true }));
  }
});
document.body.addEventListener("htmx:load", showTimes);
setInterval(showTimes, 1000);
showTimes();
