/* The conversation: what is known, what waits to be sent, and reading on. */
import { KEY, newId, store } from './base.js';
import { begin, call, isFinal, isGone, send } from './http.js';
import { Line } from './line.js';

export class Talk {
  static pace = { timeout: 15000, retry: 1000, most: 30000, beat: 15000, fast: 3000, silent: 8000 };
  pace = Talk.pace;
  messages = [];
  changed = []; // seqs of messages that are to be drawn anew
  state = {};
  sent = new Map(); // not yet read back
  uploads = new Map(); // files: they cannot be kept in the browser's storage
  typist = '';
  offline = false;
  settled = false; // the history has been read once
  anew = false;
  watching = false;
  epoch = 0;
  access = null; // the conversation's id and token
  last = 0;
  known = 0;
  fails = 0;
  timers = {};
  onchange = () => {};
  line = new Line(this);
  #flushing = false;
  #reading = false;
  #more = 0;
  #off = new AbortController();

  constructor(language) { this.language = language; }

  start() {
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.#off.signal });
    on(window, 'storage', ({ key }) => {
      if (!key || key.startsWith(`${KEY}talk`) || key.startsWith(`${KEY}out`)) this.#agree();
      else this.onchange();
    });
    on(window, 'online', () => { this.offline = false; this.#wake(); });
    on(window, 'offline', () => { this.offline = true; this.onchange(); });
    on(window, 'pagehide', () => this.line.hangUp());
    on(document, 'visibilitychange', () => { if (!document.hidden && Date.now() - this.line.heard > 5000) this.#wake(); });
    this.offline = !navigator.onLine;
    this.#agree();
    if (!this.access) this.settled = true;
  }

  stop() {
    this.#off.abort();
    this.line.hangUp();
    Object.values(this.timers).forEach(clearTimeout);
  }

  get busy() { return this.waiting.some(item => item.failed == null); }
  get outbox() { return store.all('out:'); }
  get waiting() {
    return [...this.sent.values(), ...this.outbox.filter(item => !this.sent.has(item.client_id)), ...this.uploads.values()];
  }
  get awaited() { return this.sent.size > 0 || (this.state.owner === 'bot' && this.messages.at(-1)?.author === 'customer'); }
  get unread() {
    const read = store.get('read') || 0;
    return this.messages.filter(m => m.author !== 'customer' && m.seq > read).length;
  }

  read() { if (this.last > (store.get('read') || 0)) store.set('read', this.last); }

  watch(on) {
    this.watching = on;
    if (on) this.#wake();
  }

  /* The agent's name while she types. */
  typing(name) {
    this.typist = name;
    this.later('typing', name && (() => this.typing('')), 6000);
    this.onchange();
  }

  /* Everything that is said goes through the outbox. */
  say(body, words) {
    this.anew = false;
    const client_id = newId();
    const at = Math.max(Date.now(), (this.outbox.at(-1)?.at || 0) + 1);
    this.#keep({ kind: 'text', ...body, words, client_id, at });
    this.#flush();
  }

  retry(item) {
    if (item.file) return this.upload(item.file, item.client_id);
    this.#keep({ ...item, failed: undefined, tries: 0, anew: false });
    this.#flush();
  }

  remove(item) {
    store.remove(`out:${item.at}:${item.client_id}`);
    this.uploads.delete(item.client_id);
    this.onchange();
  }

  #keep(item) {
    store.set(`out:${item.at}:${item.client_id}`, item);
    this.onchange();
  }

  /* A file goes by itself: resent, it is the same message. */
  async upload(file, client_id = newId()) {
    const item = { client_id, file, words: file.name, note: '0 %' };
    this.uploads.set(client_id, item);
    this.onchange();
    try {
      if (!this.access) await this.#begin();
      await send(this, `/conversations/${this.access.id}/files?client_id=${client_id}`, file, share => {
        item.note = `${Math.round(share * 100)} %`;
        this.onchange();
      });
    } catch ({ detail }) {
      item.failed = detail || '';
    }
    this.pull(true);
  }

  later(name, act, ms) {
    clearTimeout(this.timers[name]);
    this.timers[name] = act && setTimeout(act, ms);
  }

  backOff(times, first = Talk.pace.retry) {
    return Math.min(Talk.pace.most, first * 2 ** Math.max(0, times - 1)) * (0.5 + Math.random());
  }

  /* What is asked of, or told to, this conversation beside messages. Throws {detail}. */
  async ask(path, body) {
    try {
      return await call(this, `/conversations/${this.access.id}/${path}`, body);
    } finally { if (body) this.pull(true); }
  }

  #agree() {
    const talk = store.get('talk');
    if (talk?.id !== this.access?.id) {
      this.line.hangUp();
      this.#reset(talk);
    }
    this.onchange();
    this.#flush();
    this.pull(true);
    this.line.connect();
  }

  #reset(talk) {
    this.access = talk;
    this.messages = [];
    this.state = {};
    this.sent.clear();
    this.last = this.known = 0;
    this.settled = !talk;
    this.epoch++;
  }

  #forget(gone) {
    if (gone && store.get('talk')?.id === gone) {
      ['talk', 'key', 'read'].forEach(store.remove);
      this.anew = true;
    }
    this.#agree();
  }

  #wake() {
    this.fails = 0;
    this.#flush();
    this.pull(true);
    this.line.again();
  }

  // Sending: in order, one tab at a time.
  async #flush() {
    if (this.#flushing || !this.#next()) return;
    this.#flushing = true;
    let wait = 0;
    const all = async () => { for (let item; (item = this.#next());) await this.#deliver(item); };
    try {
      await (navigator.locks ? navigator.locks.request(`${KEY}out`, all) : all());
    } catch (problem) {
      wait = Math.max(problem.after * 1000 || 0, this.backOff(this.fails));
    }
    this.#flushing = false;
    this.onchange();
    if (wait) this.later('flush', () => this.#flush(), wait);
    else if (this.#next()) this.#flush();
    if (!this.line.live) this.pull(true);
    this.line.beat();
  }

  #next() { return this.outbox.find(item => item.failed == null && !this.sent.has(item.client_id)); }

  async #deliver(item) {
    const id = this.access?.id;
    try {
      if (!this.access) await this.#begin();
      const { client_id, kind, text, option, value } = item;
      await call(this, `/conversations/${this.access.id}/messages`, { client_id, kind, text, option, value });
      if (!this.messages.some(m => m.client_id === client_id)) this.sent.set(client_id, item);
      this.remove(item);
    } catch (problem) {
      const tries = (item.tries || 0) + 1, detail = problem.detail;
      if (isGone(problem) && !item.anew) {
        if (item.kind === 'text') this.#keep({ ...item, anew: true });
        else this.remove(item);
        this.#forget(id || this.access?.id);
      } else if (isFinal(problem) || (problem.status >= 500 && tries > 5)) {
        this.#keep({ ...item, tries, failed: detail });
      } else {
        this.#keep({ ...item, tries, note: detail });
        throw problem;
      }
    }
  }

  /* The key is stored first: an answer lost on the way makes no second conversation. */
  async #begin() {
    const known = store.get('talk');
    if (known) return this.#reset(known);
    const key = store.get('key') || newId();
    store.set('key', key);
    const talk = await begin(this, key);
    this.#reset(talk);
    store.set('talk', talk);
    this.settled = true;
    this.line.connect();
  }

  // Reading.
  async pull(ask) {
    this.#more = Math.max(this.#more, ask ? 2 : 1);
    if (this.#reading || !this.access) return;
    this.#reading = true;
    const { id } = this.access, same = () => this.access?.id === id;
    const rows = (after, limit) => call(this, `/conversations/${id}/messages?after=${after}&limit=${limit}`);
    try {
      while (this.#more && same()) {
        const state = this.#more > 1 && await call(this, `/conversations/${id}`);
        this.#more = 0;
        if (!same()) break;
        if (state) this.take(state);
        while (this.last < this.known && same()) {
          const list = await rows(this.last, 200);
          if (!same()) break;
          if (!list.length) this.known = this.last;
          for (const m of list) {
            const touched = m.hides || m.shows; // another row's words are hidden, or shown again
            if (touched) this.#replace(...await rows(touched - 1, 1));
            this.#apply(m);
          }
          this.onchange();
        }
        if (same()) this.settled = true;
      }
    } catch (problem) {
      this.#more = 0;
      if (isGone(problem) && same()) this.#forget(id);
    }
    this.#reading = false;
    this.onchange();
    if (this.#more) this.pull();
    this.line.connect();
    this.line.beat();
  }

  take(state) {
    if (state.last_seq < this.known) return;
    this.known = state.last_seq;
    this.state = { agent_name: state.owner === this.state.owner ? this.state.agent_name : undefined, ...state };
    this.onchange();
  }

  #apply(message) {
    if (message.seq <= this.last) return;
    this.last = message.seq;
    this.messages.push(message);
    if (message.author === 'agent') {
      this.state.agent_name = message.author_name || this.state.agent_name;
      this.typist = '';
    }
    const { client_id } = message;
    if (!client_id) return;
    this.sent.delete(client_id);
    this.uploads.delete(client_id);
    this.outbox.filter(item => item.client_id === client_id).forEach(item => this.remove(item));
  }

  #replace(message) {
    const old = this.messages.findIndex(m => m.seq === message?.seq);
    if (old < 0) return;
    this.messages[old] = message;
    this.changed.push(message.seq);
  }
}
