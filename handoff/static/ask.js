/* The chat's page with a question along: it is put into the field, once. Loaded again, the page is an ordinary one. */
const { ask } = document.currentScript.dataset;
const plain = new URL(location.href);
plain.searchParams.delete("ask");
history.replaceState(null, "", plain);
customElements.whenDefined("rechtdoor-chat").then(() => document.querySelector("rechtdoor-chat").ask(ask, "draft"));
