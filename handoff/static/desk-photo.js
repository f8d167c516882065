/* Pictures of the transcript, large: Escape shuts, arrows go to the next. */
import { word } from "./words.js";

const byId = (id) => document.getElementById(id);
const dialog = () => byId("photo");
const IN = "#rows, .past-rows"; // the transcript, and that of an earlier conversation

let shown = null;
const photos = () => [...(shown?.closest(IN)?.querySelectorAll("[data-photo]") ?? [])];

function show(link) {
  shown = link;
  const all = photos();
  const place = all.indexOf(link);
  byId("photo-name").textContent = link.dataset.photo;
  byId("photo-place").textContent = all.length > 1 ? word("photo_place", { n: place + 1, of: all.length }) : "";
  byId("photo-save").href = link.href;
  byId("photo-save").download = link.dataset.photo;
  byId("photo-large").src = link.href;
  byId("photo-large").alt = link.querySelector("img").alt;
  for (const button of [byId("photo-before"), byId("photo-after")]) button.hidden = all.length < 2;
  byId("photo-before").disabled = place <= 0;
  byId("photo-after").disabled = place >= all.length - 1;
  if (!dialog().open) dialog().showModal();
}

function move(step) {
  const all = photos();
  const next = all[all.indexOf(shown) + step];
  if (next) show(next);
}

export function installPhotos() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-photo]");
    if (!link?.closest(IN) || event.ctrlKey || event.metaKey || event.shiftKey) return; // those open a tab, as with any link
    event.preventDefault();
    show(link);
  });
  byId("photo-before").addEventListener("click", () => move(-1));
  byId("photo-after").addEventListener("click", () => move(1));
  dialog().addEventListener("click", (event) => {
    if (event.target === dialog() || event.target.closest("[data-photo-shut]")) dialog().close();
  });
  dialog().addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  });
  dialog().addEventListener("close", () => {
    byId("photo-large").removeAttribute("src");
    shown?.focus({ preventScroll: true });
  });
}
