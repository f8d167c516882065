/* What every part needs: where the server is, what is kept in the browser, and how elements are made.

   Names that begin with _ are the script's own, seen by no page, server or storage: `make widget` shortens them. */
export const LIMIT = 4000, QUIET = ['end', 'leave_queue'];
export const pace = { timeout: 15000, retry: 1000, most: 30000, beat: 15000, fast: 3000, silent: 8000 }; // in ms
export const script = document.currentScript;
export const BASE = script?.src ? new URL(script.src).origin : location.origin;

// What is said when not even the words can be fetched.
const bare = (launcher, close, input, send, offline) =>
  ({ title: launcher, log: launcher, pending: offline, launcher, close, input, send, offline });
export const BARE = {
  nl: bare('Stel je vraag', 'Sluiten', 'Je bericht', 'Versturen', 'Geen verbinding. We blijven het proberen.'),
  en: bare('Ask a question', 'Close', 'Your message', 'Send', 'No connection. We keep trying.'),
};

// Storage, or memory where it is refused. One key per thing, so that tabs never overwrite each other.
export const KEY = `rechtdoor:${BASE === location.origin ? '' : BASE}:`;
const keep = name => {
  let area;
  try {
    area = window[name];
    area[KEY] = '';
    delete area[KEY];
  } catch { area = {}; }
  const get = key => { try { return JSON.parse(area[KEY + key]); } catch { return null; } };
  return {
    get,
    set(key, value) {
      try { area[KEY + key] = JSON.stringify(value); } catch { (area = { ...area })[KEY + key] = JSON.stringify(value); }
    },
    remove(key) { delete area[KEY + key]; },
    _all: start => Object.keys(area).filter(k => k.startsWith(KEY + start)).sort().map(k => get(k.slice(KEY.length))),
  };
};
export const store = keep('localStorage'), session = keep('sessionStorage');
export const newId = () => crypto.getRandomValues(new Uint32Array(4)).join('-');
export const length = text => text.length > LIMIT / 2 ? [...text].length : text.length;
export const backOff = (times, first = pace.retry) =>
  Math.min(pace.most, first * 2 ** Math.max(0, times - 1)) * (0.5 + Math.random());

const ICONS = {
  chat: 'M7.9 20A9 9 0 1 0 4 16.1L2 22Z',
  close: 'M18 6 6 18M6 6l12 12',
  end: 'M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4M16 17l5-5-5-5M21 12H9',
  send: 'm5 12 7-7 7 7M12 19V5',
  down: 'M12 5v14M19 12l-7 7-7-7',
  file: 'm16 6-8.4 8.6a2 2 0 0 0 2.8 2.8l8.4-8.6a4 4 0 1 0-5.6-5.6l-8.4 8.5a6 6 0 1 0 8.5 8.5L21.7 12',
};
export const icon = name => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(svg.namespaceURI, 'path'));
  svg.firstChild.setAttribute('d', ICONS[name]);
  return svg;
};
/* An element ('p', or 'p.error' with its classes) with properties or attributes, and children; text is always text. */
export const h = (kind, props = {}, ...children) => {
  const [tag, className = ''] = kind.split('.'), el = document.createElement(tag);
  for (const [name, value] of Object.entries({ className, ...props })) {
    if (name in el) el[name] = value;
    else el.setAttribute(name, value);
  }
  el.append(...children);
  return el;
};
export const radio = (name, value, words, more) =>
  h('label.choice', {}, h('input', { type: 'radio', name, value, ...more }), words);
/* Puts the text, or the parts that make it, where another one stands: what is the same is not read out again. */
export const tell = (node, text, ...parts) => {
  if (node.textContent !== text) node.replaceChildren(...parts.length ? parts : [text]);
};
