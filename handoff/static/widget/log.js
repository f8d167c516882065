/* The talk as it is drawn: messages in order, what waits at the end, buttons that still count. */
import { BASE, QUIET, h } from './base.js';

export class Log {
  low = true; // at the end of the talk
  #chat; // {talk, t, lang, focus, log, jump}
  #nodes = new Map(); // seq or client_id → node
  #drawn = 0;
  #epoch;
  #day = new Date().toDateString();
  #author = '';
  #first = true; // the history is not read out
  #seen;

  constructor(chat, greeting) {
    this.#chat = chat;
    this.#epoch = chat.talk.epoch;
    chat.log.onscroll = () => this.look();
    new ResizeObserver(() => { if (this.low) this.down(); }).observe(chat.log);
    this.#seen = h('div', { className: 'state', 'aria-live': 'off' }, chat.t('seen'));
    if (greeting) chat.log.append(this.#bubble('bot', { text: greeting }, chat.t('bot')));
  }

  /* What is new; `open`: whether it can be seen. */
  draw(open) {
    const { log, jump, talk } = this.#chat;
    if (this.#epoch !== talk.epoch) {
      this.#epoch = talk.epoch;
      this.#drawn = 0;
      log.querySelectorAll('[data-seq]').forEach(node => node.remove());
      for (const key of this.#nodes.keys()) if (typeof key === 'number') this.#nodes.delete(key);
    }
    const fresh = talk.messages.slice(this.#drawn);
    this.#drawn = talk.messages.length;
    const items = talk.waiting.filter(item => item.failed != null || !QUIET.includes(item.kind));
    fresh.forEach(m => this.#place(m));
    for (const seq of talk.changed.splice(0)) {
      const m = talk.messages.find(m => m.seq === seq), b = this.#nodes.get(seq)?.querySelector('.b');
      if (m) b?.replaceWith(this.#words(m));
    }
    this.#queue(items, open);
    this.#settle();
    const first = fresh.length && this.#nodes.get(fresh[0].seq);
    if (!this.low) jump.hidden = !first && jump.hidden;
    else if (!first || this.#first) this.down();
    else {
      log.scrollTop = first.offsetTop - 12; // a long answer is read from its start
      this.look();
    }
    if (this.#first && talk.settled) {
      this.#first = false;
      requestAnimationFrame(() => requestAnimationFrame(() => { log.setAttribute('aria-live', 'polite'); }));
    }
    this.#marks();
  }

  down() {
    const { log } = this.#chat;
    log.scrollTop = log.scrollHeight;
    this.look();
  }

  look() {
    const { log, jump } = this.#chat;
    this.low = log.scrollHeight - log.scrollTop - log.clientHeight < 96;
    if (this.low) jump.hidden = true;
    this.#marks();
  }

  /* Seen by the agent; and what the customer has in view, for the agent. */
  #marks() {
    const { log, talk } = this.#chat, { messages, state, watching } = talk;
    const theirs = messages.findLast(m => m.author === 'agent'), mine = messages.findLast(m => m.author === 'customer');
    const node = this.#nodes.get(theirs?.seq);
    if (node && watching && !document.hidden && node.offsetTop < log.scrollTop + log.clientHeight) talk.line.see(theirs.seq);
    const under = mine?.seq <= state.agent_seen_seq && this.#nodes.get(mine.seq);
    if (!under) this.#seen.remove();
    else if (this.#seen.parentNode !== under) under.append(this.#seen);
  }

  /* The words of a message, or its file. */
  #words({ kind, text, html, file }) {
    const b = h('div', { className: 'b', dir: 'auto' });
    if (kind === 'hidden_message') b.append(h('em', {}, this.#chat.t('hidden')));
    else if (file) {
      const { name, width, height } = file, href = BASE + file.url;
      const share = Math.min(1, 280 / width, 320 / height); // the place is kept, so that nothing shifts
      b.append(h('a', { href, target: '_blank' }, width
        ? h('img', { src: href, alt: name, width: width * share, height: height * share }) : name), h('div', {}, text === name ? '' : text));
    } else if (html) {
      b.classList.add('html');
      b.setHTML ? b.setHTML(html) : b.innerHTML = html; // safe from the server; safe again where the browser can
      b.querySelectorAll('a[href]').forEach(a => { a.target = '_blank'; });
    } else b.textContent = text;
    return b;
  }

  #bubble(author, words, name) {
    return h('div', { className: `m ${author}` }, h('p', { className: author === 'customer' ? 'sr' : 'who' }, name), this.#words(words));
  }

  #name(m) {
    const { t } = this.#chat;
    return m.author === 'customer' ? t('you') : m.author === 'agent' ? m.author_name || t('agent') : t('bot');
  }

  #place(m) {
    const { log, lang } = this.#chat, customer = m.author === 'customer';
    let node = m.client_id && this.#nodes.get(m.client_id);
    const anchor = [...log.children].find(child => child.waiting) || null;
    const at = new Date(m.at), day = at.toDateString();
    const put = el => {
      el.dataset.seq = m.seq;
      if (el !== anchor) log.insertBefore(el, anchor);
      return el;
    };
    if (day !== this.#day && !node) {
      this.#day = day;
      put(h('p', { className: 'line' }, at.toLocaleDateString(lang, { weekday: 'long', day: 'numeric', month: 'long' })));
    }
    if (customer && QUIET.includes(m.kind)) {
      node?.remove();
      node = put(h('p', { hidden: true }));
    } else if (m.author === 'system' && m.kind !== 'handed_over') { // the bot's own words
      node = put(h('p', { className: 'line', dir: 'auto' }, m.text));
    } else if (node) {
      node.waiting = false;
      node.classList.remove('bad');
      node.state?.remove();
      node.querySelector('.b').replaceWith(this.#words(m));
      put(node);
    } else {
      const name = this.#name(m), time = at.toLocaleTimeString(lang, { hour: '2-digit', minute: '2-digit' });
      node = put(this.#bubble(m.author, customer ? { ...m, html: '' } : m, customer ? name : `${name} · ${time}`));
      if (!customer && this.#author === name) node.firstChild.className = 'sr';
    }
    this.#author = customer || node.className === 'line' ? '' : this.#name(m);
    if (m.client_id) this.#nodes.delete(m.client_id);
    this.#nodes.set(m.seq, node);
    if (m.kind === 'clarify' || m.ask_helped) this.#buttons(m, node);
  }

  #buttons(m, node) {
    const { talk, t, focus } = this.#chat;
    const say = (label, body) => h('button', { onclick: () => {
      talk.say(body, label);
      focus();
      this.down();
    } }, label);
    if (m.kind === 'clarify') {
      node.row = h('div', { className: 'row options', role: 'group', 'aria-label': t('options') },
        ...(m.options || []).map(o => say(o.question, { kind: 'choice', option: o.key })),
        say(t('none_of_these'), { kind: 'none_of_these' }));
    } else {
      node.row = h('div', { className: 'row helped', role: 'group', 'aria-label': t('helped') }, h('span', {}, t('helped')),
        say(t('yes'), { kind: 'helped', value: true }), say(t('no'), { kind: 'helped', value: false }));
    }
    node.append(node.row);
  }

  /* What waits is at the end; when it comes back from the server the same node stays. */
  #queue(items, open) {
    const { log, t } = this.#chat, ids = new Set(items.map(item => item.client_id));
    for (const node of [...log.children]) if (node.waiting && !ids.has(node.waiting)) { this.#nodes.delete(node.waiting); node.remove(); }
    for (const item of items) {
      let node = this.#nodes.get(item.client_id);
      if (!node) {
        node = this.#bubble('customer', { text: item.text ?? item.words }, t('you'));
        node.waiting = item.client_id;
        node.append(node.state = h('div', { className: 'state', dir: 'auto' }));
        this.#nodes.set(item.client_id, node);
        log.append(node);
        if (open) this.down();
      }
      this.#mark(node, item);
    }
  }

  #mark(node, item) {
    const { talk, t, focus } = this.#chat, failed = item.failed != null, sent = talk.sent.has(item.client_id);
    const words = failed ? `${t('failed')} ${item.failed}` : sent ? '' : item.note
      || (talk.offline || item.tries ? t('pending') : '');
    if (node.words === words) return;
    node.words = words;
    node.classList.toggle('bad', failed);
    node.state.ariaLive = item.file && !failed ? 'off' : null; // no percentages read out
    node.state.replaceChildren(words);
    if (!failed) return;
    const act = (name, how) => h('button', { onclick: () => { how(); focus(true); } }, t(name));
    node.state.append(h('div', { className: 'row' },
      act('retry', () => talk.retry(item)), act('remove', () => talk.remove(item))));
  }

  /* Buttons count only while nothing came after them. */
  #settle() {
    const { messages, state, busy } = this.#chat.talk;
    const last = messages.findLast(m => m.author === 'customer')?.seq || 0;
    for (const m of messages.slice(-20)) {
      const node = this.#nodes.get(m.seq);
      if (!node?.row) continue;
      const idle = last > m.seq || busy || (state.owner && state.owner !== (m.author === 'agent' ? 'agent' : 'bot'));
      node.row.querySelectorAll('button').forEach(button => { button.disabled = idle; });
      if (m.ask_helped) node.row.hidden = idle;
    }
  }
}
