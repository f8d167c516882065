/* Were a part drawn anew between pressing and letting go, the click would be lost: what draws it waits until then. */
let pressed = null;
const waiting = new Map(); // by the part's id, the last wish of each

document.addEventListener("pointerdown", (event) => (pressed = event.target));
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(released));

function released() {
  pressed = null;
  const acts = [...waiting.values()];
  waiting.clear();
  for (const act of acts) act();
}

/** Whether the pointer is held down on `part`; then `act` is done once it is let go. */
export function isPressed(part, act) {
  if (!pressed || !part.contains(pressed)) return false;
  waiting.set(part.id, act);
  return true;
}
