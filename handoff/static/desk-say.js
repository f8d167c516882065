/* A toast, made by the script that all pages share. */
export function say(text, kind = "good") {
  document.dispatchEvent(new CustomEvent("rechtdoor:toast", { detail: { text, kind } }));
}
