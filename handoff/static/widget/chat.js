/* The custom element: opening and closing, the field, and what the page may do with it. */
import { BARE, BASE, LIMIT, h, icon, length, pace, script, session, store, tell } from './base.js';
import { leaveAddress } from './contact.js';
import { makeLog } from './log.js';
import { drawCard, drawHead, makeCard } from './status.js';
import { STYLE } from './style.css';
import { makeTalk } from './talk.js';

class RechtdoorChat extends HTMLElement {
  static Talk = { pace };
  static define(tag = 'rechtdoor-chat') {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
    setUp(this, this.shadowRoot);
  }

  connectedCallback() { this._start(); }

  disconnectedCallback() { this._stop(); }
}

/* Gives the element what a page may call, and what happens when it comes and goes. */
const setUp = (el, root) => {
  const narrow = matchMedia('(max-width:480px),(max-height:480px)'), { dataset } = el;
  let talk, words = {}, ui, log, opened = false, opener, count = 0, retry, off, page, lang, identity;

  el._start = () => {
    page = dataset.position === 'page';
    const { accent } = dataset;
    if (CSS.supports('color', accent)) el.style.setProperty('--accent', accent);
    off = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: off.signal });
    on(document, 'click', e => {
      const button = e.target.closest?.('[data-rechtdoor-ask]');
      if (!button) return;
      e.preventDefault(); // a link leads on where there is no widget
      el.ask(button.dataset.rechtdoorAsk, button.dataset.draft);
    });
    on(document, 'visibilitychange', render);
    on(narrow, 'change', () => { if (opened && ui) show(); });
    if (window.visualViewport) on(visualViewport, 'resize', fit);
    talk = makeTalk();
    speak((dataset.language || document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase());
    let due;
    talk._onchange = () => {
      if (!due) queueMicrotask(() => { due = false; render(); });
      due = true;
    };
    talk._onrefused = detail => fire('refused', { detail });
    talk._start(on);
    talk._identify(identity ||= dataset.identity);
    learn();
  };

  el._stop = () => {
    off.abort();
    talk._stop();
    clearTimeout(retry);
    ui = log = null; // put back on the page it is built anew
  };

  el.open = () => {
    const at = document.activeElement;
    if (!opened) {
      opener = at && at !== el && at !== document.body ? at : null;
      unfold();
    }
    focus();
  };

  el.close = () => {
    if (!opened || page) return;
    const inside = root.activeElement;
    opened = false;
    session.remove('open');
    if (ui) {
      ui._panel.close();
      ui._launch.hidden = false;
      if (inside) (opener?.isConnected ? opener : ui._launch).focus();
    }
    talk._watch(false);
    fire('close');
    render();
  };

  /* Sent at once; as a draft it stands in the field, below what is typed there already. */
  el.ask = (text, draft) => {
    el.open();
    text = String(text).trim();
    if (draft == null) {
      if (text) talk._say({ text });
      return;
    }
    const typed = session.get('draft') || '';
    write(typed.includes(text) ? typed : `${typed}\n${text}`.trim());
  };

  /* The shop's word for who she is, a token that its server signed; null when she logs out. */
  el.identify = token => {
    identity = token;
    delete dataset.identity;
    if (token === null) write('');
    talk?._identify(token);
  };

  /* To the field; to the talk where the field would bring up a keyboard. */
  const focus = field => ui && (!field && matchMedia('(pointer:coarse)').matches ? ui._log : ui._input).focus();

  const fire = (name, detail) =>
    el.dispatchEvent(new CustomEvent(`rechtdoor:${name}`, { bubbles: true, composed: true, detail }));

  const t = (name, values = {}) => (words[`widget.${name}`] ?? words[name] ?? '').replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);

  const speak = language => { lang = el.lang = talk._language = language; };

  /* What was kept from last time, at once; then what the server has now. */
  const learn = async () => {
    const name = `words:${lang}`, kept = store.get(name);
    if (kept && !ui) build(kept);
    try {
      const answer = await fetch(`${BASE}/api/v1/texts?language=${lang}`, { credentials: 'omit', signal: AbortSignal.timeout(8000) });
      const fresh = await answer.json();
      if (!answer.ok) throw fresh;
      store.set(name, fresh);
      if (!kept) talk._offline = false;
      if (!kept || (!opened && JSON.stringify(fresh) !== JSON.stringify(kept))) build(fresh);
    } catch (problem) {
      if (problem.status === 422 && lang !== 'en') { // no texts in that language
        speak('en');
        return learn();
      }
      talk._offline = true;
      if (!ui) build({ texts: BARE[lang] || BARE.en });
      retry = setTimeout(learn, 5000 + Math.random() * 5000);
    }
  };

  const build = fresh => {
    const inside = root.activeElement;
    words = fresh.texts;
    el.dir = fresh.dir || '';
    ui = {};
    const button = (kind, picture, label, onclick, type = 'button') =>
      h(`button.icon ${kind}`, { title: label, type, onclick }, icon(picture), h('span.sr', {}, label));
    const upload = files => {
      [...files].forEach(file => talk._upload(file));
      log._down();
    };
    ui._badge = h('span.badge', { hidden: true, 'aria-hidden': 'true' });
    ui._unread = h('span.sr', { role: 'status' });
    ui._launch = h('button.launch', { 'aria-haspopup': 'dialog', onclick: el.open },
      icon('chat'), h('b', {}, t('launcher')), ui._badge, ui._note = h('span.sr'));
    ui._card = makeCard(t, sure => sure ? makeSure('leave_queue') : (render(), focus()), kind =>
      leaveAddress(root, talk, t, kind, () => {
        if (kind === 'transcript') log._note(t('mailed'));
        focus();
      }));
    ui._file = h('input', { type: 'file', multiple: true, hidden: true, accept: 'image/jpeg,image/png,image/webp,image/gif,.pdf', onchange: () => {
      upload(ui._file.files);
      ui._file.value = '';
    } });
    ui._panel = h(page ? 'section.panel' : 'dialog.panel', { 'aria-labelledby': 'title' },
      h('header', {},
        ui._face = h('span.face', { 'aria-hidden': 'true' }),
        h('div.names', {}, h('h2', { id: 'title' }, t('title')), ui._who = h('p')),
        ui._end = button('', 'end', t('end'), () => makeSure('end')),
        page ? '' : button('', 'close', t('close'), el.close)),
      h('div.middle', {},
        ui._log = h('div.log', { role: 'log', tabIndex: 0, 'aria-label': t('log'), 'aria-live': 'off' }),
        ui._typing = h('div.typing', { role: 'status' }),
        ui._jump = button('jump', 'down', t('jump'), () => log._down())),
      h('div.below', {},
        ui._card._node,
        ui._error = h('p.error', { id: 'error', role: 'alert' }),
        ui._left = h('p.count', { id: 'left' }),
        h('form', { onsubmit: e => { e.preventDefault(); submit(); } },
          ui._input = h('textarea', { rows: 1, dir: 'auto', value: session.get('draft') || '', placeholder: t('placeholder'), 'aria-label': t('input'),
            'aria-describedby': 'left error', enterKeyHint: 'send',
            oninput: () => {
              fitField();
              talk._line._type();
            },
            onpaste: e => {
              const { files } = e.clipboardData;
              if (files.length) e.preventDefault();
              upload(files);
            },
            onkeydown: e => { if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); submit(); } } }),
          ui._file, ui._clip = button('', 'file', t('file'), () => ui._file.click()),
          button('send', 'send', t('send'), null, 'submit'))));
    ui._panel.onkeydown = e => {
      if (e.key !== 'Escape' || e.isComposing || page) return;
      e.preventDefault();
      e.stopPropagation();
      el.close();
    };
    ui._panel.oncancel = e => e.preventDefault();
    ui._panel.onclose = () => { if (!ui._panel.open) el.close(); };
    ui._jump.hidden = true;
    ui._clip.hidden = !t('file');
    log = makeLog(talk, t, lang, ui._log, ui._jump, focus, dataset.greeting || t('greeting'),
      (dataset.suggestions || '').split('|').filter(text => text.trim()).slice(0, 5));
    root.replaceChildren(page ? '' : h('section', { 'aria-label': t('title') }, ui._launch, ui._unread), ui._panel);
    if (opened) show();
    else if (page || 'open' in dataset || (session.get('open') && !narrow.matches)) unfold();
    if (inside) ui._input.focus();
    fitField();
    render();
  };

  const unfold = () => {
    opened = true;
    session.set('open', 1);
    if (ui) show();
    talk._watch(true);
    fire('open');
    render();
    log?._down();
  };

  /* Modal on a phone, where it covers the page; elsewhere the page stays usable beside it. */
  const show = () => {
    const panel = ui._panel, inside = root.activeElement;
    ui._launch.hidden = true;
    if (!page) {
      if (panel.open) panel.close();
      if (narrow.matches) panel.showModal();
      else panel.setAttribute('open', '');
    }
    fit();
    inside?.focus();
  };

  const fit = () => {
    if (!ui || page) return;
    const { style } = ui._panel, view = window.visualViewport, full = opened && narrow.matches && view && view.scale === 1;
    style.height = full ? `${view.height}px` : '';
    style.top = full ? `${view.offsetTop}px` : '';
  };

  // Typing and sending.
  const write = text => {
    session.set('draft', text);
    if (!ui) return;
    ui._input.value = text;
    fitField();
  };

  const fitField = () => {
    const input = ui._input, room = LIMIT - length(input.value.trim());
    session.set('draft', input.value);
    input.style.height = 'auto';
    if (input.scrollHeight) input.style.height = `${input.scrollHeight + 2}px`;
    const over = room < 0 && t('over', { n: -room }), tried = input.hasAttribute('aria-invalid');
    if (tried && !over) input.removeAttribute('aria-invalid');
    ui._left.textContent = over ? (tried ? '' : over) : room < 400 ? t('left', { n: room }) : '';
    ui._error.textContent = tried && over || '';
  };

  const submit = () => {
    const input = ui._input, text = input.value.trim();
    if (!text) return;
    if (length(text) > LIMIT) {
      input.setAttribute('aria-invalid', 'true');
      fitField();
      return;
    }
    write('');
    talk._say({ text });
    input.focus();
    log._down();
  };

  /* Asks once more before something that cannot be taken back. */
  const makeSure = name => {
    const choice = end => h('button', { onclick: () => box.close(end) }, t(`${name}_${end}`));
    const box = h('dialog.card sure', { 'aria-labelledby': 'sure' },
      h('p', { id: 'sure' }, t(`${name}_sure`)), h('div.row', {}, choice('yes'), choice('no')));
    box.onclose = () => {
      box.remove();
      if (box.returnValue !== 'yes') return;
      ui._input.focus();
      talk._say({ kind: name }, t(name));
    };
    root.append(box);
    box.showModal();
  };

  const render = () => {
    if (!ui) return;
    log._draw(opened);
    drawHead(ui, talk, t);
    drawCard(ui._card, talk, t);
    if (opened && !document.hidden) talk._read();
    drawBadge();
  };

  const drawBadge = () => {
    const n = talk._unread, words = n ? t(n === 1 ? 'unread_one' : 'unread_many', { n }) : '';
    ui._badge.hidden = !n;
    ui._badge.textContent = n > 99 ? '99+' : n;
    ui._note.textContent = words && `(${words})`;
    tell(ui._unread, opened ? '' : words);
    if (n !== count) {
      count = n;
      fire('unread', { count: n });
    }
  };
};

RechtdoorChat.define();
const mount = () => {
  if (document.querySelector('rechtdoor-chat')) return;
  const el = new RechtdoorChat();
  Object.assign(el.dataset, script.dataset);
  const inBody = script.dataset.position === 'page' && document.body.contains(script);
  (inBody ? script.parentElement : document.body).append(el);
};
if (!script) ; // loaded in another way: the page makes the element itself
else if (document.body) mount();
else addEventListener('DOMContentLoaded', mount, { once: true });
