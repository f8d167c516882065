/* The page behind a mail's link. Says that another conversation gives way; once the button was pressed, puts this one
   where the widget keeps its own (see KEY in widget.js) and goes there. */
const main = document.querySelector("main");
const talk = JSON.parse(main.dataset.talk);
const key = (name) => `rechtdoor::${name}`;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(key("talk")));
  } catch {
    return null;
  }
}

function keep() {
  const known = kept();
  if (known?.id !== talk.id) {
    for (const name of ["key", "read", "rated"]) localStorage.removeItem(key(name)); // the other conversation's
  } else if (known.token && !known.token.includes(".")) {
    return; // the token that this browser began the conversation with outlasts ours
  }
  localStorage.setItem(key("talk"), JSON.stringify(talk));
}

if (talk.token) {
  try {
    keep();
    location.replace(`/chat?language=${talk.language}`); // not a step back in the browser: the token is not shown again
  } catch {
    document.querySelector("[role=status]").hidden = true;
    document.querySelector("[role=alert]").hidden = false;
  }
} else {
  const known = kept();
  document.getElementById("other").hidden = !known || known.id === talk.id;
}
