/* The custom element: opening and closing, the field, and what the page may do with it. */
import { BARE, BASE, LIMIT, coarse, h, icon, length, script, session, store } from './base.js';
import { leaveAddress } from './contact.js';
import { Log } from './log.js';
import { drawCard, drawHead, makeCard } from './status.js';
import { STYLE } from './style.css';
import { Talk } from './talk.js';

class RechtdoorChat extends HTMLElement {
  static Talk = Talk;
  static define(tag = 'rechtdoor-chat') {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  #talk;
  #words = {};
  #ui = null;
  #log;
  #open = false;
  #opener = null;
  #count = 0;
  #bare = 0;
  #off = null;
  #narrow = matchMedia('(max-width:480px),(max-height:480px)');

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    const asked = (this.dataset.language || document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase();
    const language = this.lang = BARE[asked] ? asked : 'en';
    const { accent } = this.dataset;
    if (CSS.supports('color', accent)) this.style.setProperty('--accent', accent);
    this.#off = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.#off.signal });
    on(document, 'click', e => {
      const button = e.target.closest?.('[data-rechtdoor-ask]');
      if (button) button.dataset.rechtdoorAsk ? this.ask(button.dataset.rechtdoorAsk) : this.open();
    });
    on(document, 'visibilitychange', () => this.#render());
    on(this.#narrow, 'change', () => { if (this.#open) this.#show(); });
    if (window.visualViewport) on(visualViewport, 'resize', () => this.#fit());
    const talk = this.#talk = new this.constructor.Talk(language);
    let due;
    talk.onchange = () => {
      if (!due) queueMicrotask(() => { due = false; this.#render(); });
      due = true;
    };
    talk.start();
    this.#learn();
  }

  disconnectedCallback() {
    this.#off.abort();
    this.#talk.stop();
    clearTimeout(this.#bare);
  }

  get #page() { return this.dataset.position === 'page'; }

  open() {
    const at = document.activeElement;
    if (!this.#open) {
      this.#opener = at && at !== this && at !== document.body ? at : null;
      this.#unfold();
    }
    this.#focus();
  }

  close() {
    if (!this.#open || this.#page) return;
    const inside = this.shadowRoot.activeElement;
    this.#open = false;
    session.remove('open');
    if (this.#ui) {
      this.#ui.panel.close();
      this.#ui.launch.hidden = false;
      if (inside) (this.#opener?.isConnected ? this.#opener : this.#ui.launch).focus();
    }
    this.#talk.watch(false);
    this.#tell('close');
    this.#render();
  }

  ask(text) {
    this.open();
    text = String(text).trim();
    if (text) this.#talk.say({ text });
  }

  /* To the field; to the talk where the field would bring up a keyboard. */
  #focus = field => this.#ui?.[!field && coarse() ? 'log' : 'input'].focus();

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`rechtdoor:${name}`, { bubbles: true, composed: true, detail }));
  }

  #t = (name, values = {}) => (this.#words[name] || '').replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);

  /* What was kept from last time, at once; then what the server has now. */
  async #learn() {
    const name = `texts:${this.lang}`, kept = store.get(name);
    if (kept && !this.#ui) this.#build(kept);
    try {
      const answer = await fetch(`${BASE}/api/v1/texts?language=${this.lang}`, { credentials: 'omit', signal: AbortSignal.timeout(8000) });
      const { texts } = await answer.json(), fresh = {};
      for (const key in texts) if (key.startsWith('widget.')) fresh[key.slice(7)] = texts[key];
      store.set(name, fresh);
      if (!kept) this.#talk.offline = false;
      if (!kept || (!this.#open && JSON.stringify(fresh) !== JSON.stringify(kept))) this.#build(fresh);
    } catch {
      this.#talk.offline = true;
      if (!this.#ui) this.#build(BARE[this.lang]);
      this.#bare = setTimeout(() => this.#learn(), 5000 + Math.random() * 5000);
    }
  }

  #build(words) {
    const typed = this.#ui ? this.#ui.input.value : session.get('draft') || '', inside = this.shadowRoot.activeElement;
    this.#words = words;
    const t = this.#t, page = this.#page, talk = this.#talk;
    const ui = this.#ui = {};
    const button = (className, picture, label, onclick, type = 'button') =>
      h('button', { className: `icon ${className}`, title: label, type, onclick }, icon(picture), h('span', { className: 'sr' }, label));
    const upload = files => {
      [...files].forEach(file => talk.upload(file));
      this.#log.down();
    };
    ui.badge = h('span', { className: 'badge', hidden: true, 'aria-hidden': 'true' });
    ui.unread = h('span', { className: 'sr', role: 'status' });
    ui.launch = h('button', { className: 'launch', 'aria-haspopup': 'dialog', onclick: () => this.open() },
      icon('chat'), h('b', {}, t('launcher')), ui.badge, ui.note = h('span', { className: 'sr' }));
    ui.card = makeCard(t, sure => sure ? this.#sure('leave_queue') : (this.#render(), this.#focus()), () =>
      leaveAddress(this.shadowRoot, talk, t, !!talk.state.promise, this.#focus));
    ui.file = h('input', { type: 'file', multiple: true, hidden: true, accept: 'image/jpeg,image/png,image/webp,image/gif,.pdf', onchange: () => {
      upload(ui.file.files);
      ui.file.value = '';
    } });
    ui.panel = h(page ? 'section' : 'dialog', { className: 'panel', 'aria-labelledby': 'title' },
      h('header', {},
        ui.face = h('span', { className: 'face', 'aria-hidden': 'true' }),
        h('div', { className: 'names' }, h('h2', { id: 'title' }, t('title')), ui.who = h('p')),
        ui.end = button('', 'end', t('end'), () => this.#sure('end')),
        page ? null : button('', 'close', t('close'), () => this.close())),
      h('div', { className: 'middle' },
        ui.log = h('div', { className: 'log', role: 'log', tabIndex: 0, 'aria-label': t('log'), 'aria-live': 'off' }),
        ui.typing = h('div', { className: 'typing', role: 'status' }),
        ui.jump = button('jump', 'down', t('jump'), () => this.#log.down())),
      h('div', { className: 'below' },
        ui.card.node,
        ui.error = h('p', { className: 'error', id: 'error', role: 'alert' }),
        ui.left = h('p', { className: 'count', id: 'left' }),
        h('form', { onsubmit: e => { e.preventDefault(); this.#submit(); } },
          ui.input = h('textarea', { rows: 1, dir: 'auto', value: typed, placeholder: t('placeholder'), 'aria-label': t('input'),
            'aria-describedby': 'left error', enterKeyHint: 'send',
            oninput: () => {
              this.#typed();
              talk.line.type();
            },
            onpaste: e => {
              const { files } = e.clipboardData;
              if (files.length) e.preventDefault();
              upload(files);
            },
            onkeydown: e => { if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); this.#submit(); } } }),
          ui.file, ui.clip = button('', 'file', t('file'), () => ui.file.click()),
          button('send', 'send', t('send'), null, 'submit'))));
    ui.panel.onkeydown = e => {
      if (e.key !== 'Escape' || e.isComposing || page) return;
      e.preventDefault();
      e.stopPropagation();
      this.close();
    };
    ui.panel.oncancel = e => e.preventDefault();
    ui.panel.onclose = () => { if (!ui.panel.open) this.close(); };
    ui.jump.hidden = true;
    ui.clip.hidden = !t('file');
    const { log, jump } = ui;
    this.#log = new Log({ talk, t, log, jump, lang: this.lang, focus: this.#focus }, this.dataset.greeting || t('greeting'));
    this.shadowRoot.replaceChildren(page ? '' : h('section', { 'aria-label': t('title') }, ui.launch, ui.unread), ui.panel);
    if (this.#open) this.#show();
    else if (page || 'open' in this.dataset || (session.get('open') && !this.#narrow.matches)) this.#unfold();
    if (inside) ui.input.focus();
    this.#typed();
    this.#render();
  }

  #unfold() {
    this.#open = true;
    session.set('open', 1);
    if (this.#ui) this.#show();
    this.#talk.watch(true);
    this.#tell('open');
    this.#render();
    this.#log?.down();
  }

  /* Modal on a phone, where it covers the page; elsewhere the page stays usable beside it. */
  #show() {
    const { panel, launch } = this.#ui, inside = this.shadowRoot.activeElement;
    launch.hidden = true;
    if (!this.#page) {
      if (panel.open) panel.close();
      if (this.#narrow.matches) panel.showModal();
      else panel.setAttribute('open', '');
    }
    this.#fit();
    inside?.focus();
  }

  #fit() {
    if (!this.#ui || this.#page) return;
    const { style } = this.#ui.panel, view = window.visualViewport, full = this.#open && this.#narrow.matches && view && view.scale === 1;
    style.height = full ? `${view.height}px` : '';
    style.top = full ? `${view.offsetTop}px` : '';
  }

  // Typing and sending.
  #typed() {
    const { input, left, error } = this.#ui, room = LIMIT - length(input.value.trim());
    session.set('draft', input.value);
    input.style.height = 'auto';
    if (input.scrollHeight) input.style.height = `${input.scrollHeight + 2}px`;
    const over = room < 0 && this.#t('over', { n: -room }), tried = input.hasAttribute('aria-invalid');
    if (tried && !over) input.removeAttribute('aria-invalid');
    left.textContent = over ? (tried ? '' : over) : room < 400 ? this.#t('left', { n: room }) : '';
    error.textContent = tried && over || '';
  }

  #submit() {
    const { input } = this.#ui, text = input.value.trim();
    if (!text) return;
    if (length(text) > LIMIT) {
      input.setAttribute('aria-invalid', 'true');
      this.#typed();
      return;
    }
    input.value = '';
    this.#typed();
    this.#talk.say({ text });
    input.focus();
    this.#log.down();
  }

  /* Asks once more before something that cannot be taken back. */
  #sure(name) {
    const choice = end => h('button', { onclick: () => box.close(end) }, this.#t(`${name}_${end}`));
    const box = h('dialog', { className: 'card sure', 'aria-labelledby': 'sure' },
      h('p', { id: 'sure' }, this.#t(`${name}_sure`)), h('div', { className: 'row' }, choice('yes'), choice('no')));
    box.onclose = () => {
      box.remove();
      if (box.returnValue !== 'yes') return;
      this.#ui.input.focus();
      this.#talk.say({ kind: name }, this.#t(name));
    };
    this.shadowRoot.append(box);
    box.showModal();
  }

  #render() {
    if (!this.#ui) return;
    const talk = this.#talk;
    this.#log.draw(this.#open);
    drawHead(this.#ui, talk, this.#t);
    drawCard(this.#ui.card, talk, this.#t);
    if (this.#open && !document.hidden) talk.read();
    this.#badge();
  }

  #badge() {
    const { badge, unread, note } = this.#ui, n = this.#talk.unread;
    const words = n ? this.#t(n === 1 ? 'unread_one' : 'unread_many', { n }) : '';
    badge.hidden = !n;
    badge.textContent = n > 99 ? '99+' : n;
    note.textContent = words && `(${words})`;
    if (unread.textContent !== words) unread.textContent = this.#open ? '' : words;
    if (n !== this.#count) {
      this.#count = n;
      this.#tell('unread', { count: n });
    }
  }
}

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
