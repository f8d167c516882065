/* The public FAQ: results while typing, and saying whether an answer helped without leaving it. All of it works without. */
(() => {
  const field = document.getElementById("q");
  const results = document.getElementById("results");
  const page = document.getElementById("page");
  const found = document.getElementById("found");
  const form = field.form;
  const here = location.href; // to come back to when the field is emptied
  let shown = field.value.trim();
  let timer;
  let asking;

  /* Only the words of the newest query are ever shown. */
  const look = async () => {
    const query = field.value.trim();
    if (query === shown) return;
    asking?.abort();
    shown = query;
    if (!query) return show("", "");
    asking = new AbortController();
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form));
    const { signal } = asking;
    try {
      const part = new URL(address);
      part.searchParams.set("part", "1");
      const answer = await fetch(part, { signal: AbortSignal.any?.([signal, AbortSignal.timeout(8000)]) ?? signal });
      if (!answer.ok) throw await answer.json();
      const words = await answer.text();
      if (!signal.aborted) show(words, address);
    } catch (problem) {
      if (signal.aborted) return;
      shown = undefined;
      found.className = "lead";
      found.textContent = problem.status === 429 ? problem.detail : field.dataset.failed;
    }
  };

  const show = (words, address) => {
    results.innerHTML = words;
    page.hidden = !!words;
    found.className = "sr";
    found.textContent = results.firstElementChild?.dataset.found || "";
    const plain = new URL(here);
    plain.searchParams.delete("q");
    history.replaceState(null, "", address || (location.pathname === new URL(form.action).pathname ? plain : here));
  };

  field.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(look, 180);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    look();
  });

  /* Down from the field into what was found, and up again; Escape empties the field. */
  const stops = () => [field, ...results.querySelectorAll("summary, .links a, .chips a, .ask a")];
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = stops();
    const at = all.indexOf(document.activeElement);
    if (step && at >= 0 && all.length > 1 && !event.isComposing) {
      event.preventDefault();
      all[Math.min(all.length - 1, Math.max(0, at + step))].focus();
    } else if (event.key === "Escape" && at >= 0 && field.value) {
      event.preventDefault();
      field.value = "";
      field.focus();
      look();
    }
  });

  document.addEventListener("submit", async (event) => {
    const said = event.target.closest(".helped");
    if (!said) return;
    event.preventDefault();
    if (said.inert) return;
    const body = new URLSearchParams({ word: event.submitter.value });
    said.inert = true;
    try {
      const answer = await fetch(said.action, { method: "POST", body, headers: { "X-Part": "1" } });
      if (!answer.ok) throw new Error(answer.status);
      const place = said.parentElement;
      said.outerHTML = await answer.text();
      place.querySelector(".helped :is(a, button)").focus({ preventScroll: true });
    } catch {
      said.inert = false;
      found.className = "lead";
      found.textContent = field.dataset.failed;
    }
  });
})();
