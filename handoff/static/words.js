/* The words that scripts need, in the page's language; {name} is filled in. */
const words = JSON.parse(document.getElementById("words").textContent);

export function word(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}
