/* The conversation: what is known, what waits to be sent, and reading on. */
import { KEY, backOff, newId, store } from './base.js';
import { begin, call, isFinal, send } from './http.js';
import { makeLine } from './line.js';

export const makeTalk = () => {
  const sent = new Map(); // not yet read back
  const uploads = new Map(); // files: they cannot be kept in the browser's storage
  let flushing = false, reading = false, more = 0;

  const nameOf = item => `out:${item.at}:${item.client_id}`;
  const outbox = () => store._all('out:');
  const next = () => outbox().find(item => item.failed == null && !sent.has(item.client_id));

  const talk = {
    _language: '',
    _access: null, // the conversation's id and token
    _identity: undefined, // the shop's word for who she is, kept here alone
    _messages: [],
    _changed: [], // seqs of messages that are to be drawn anew
    _state: {},
    _sent: sent,
    _typist: '',
    _offline: !navigator.onLine,
    _settled: false, // the history has been read once
    _anew: false,
    _watching: false,
    _epoch: 0,
    _last: 0,
    _known: 0,
    _fails: 0,
    _timers: {},
    _onchange() {},
    _onrefused() {},

    /* `on` listens for as long as the element is on the page. */
    _start(on) {
      on(window, 'storage', ({ key }) => {
        if (key === `${KEY}out`) talk._identity = undefined; // she logged out in another tab
        if (!key || key.startsWith(`${KEY}talk`) || key.startsWith(`${KEY}out`)) agree();
        else talk._onchange();
      });
      on(window, 'online', () => { talk._offline = false; wake(); });
      on(window, 'offline', () => { talk._offline = true; talk._onchange(); });
      on(window, 'pagehide', () => line._hangUp());
      on(document, 'visibilitychange', () => { if (!document.hidden && Date.now() - line._heard > 5000) wake(); });
      agree();
      if (!talk._access) talk._settled = true;
    },

    _stop() {
      line._hangUp();
      Object.values(talk._timers).forEach(clearTimeout);
    },

    get _waiting() {
      return [...sent.values(), ...outbox().filter(item => !sent.has(item.client_id)), ...uploads.values()];
    },
    get _awaited() { return sent.size > 0 || (talk._state.owner === 'bot' && talk._messages.at(-1)?.author === 'customer'); },
    get _unread() {
      const read = store.get('read') || 0;
      return talk._messages.filter(m => m.author !== 'customer' && m.seq > read).length;
    },

    _read() { if (talk._last > (store.get('read') || 0)) store.set('read', talk._last); },

    _watch(on) {
      talk._watching = on;
      if (on) wake();
    },

    /* The agent's name while she types. */
    _typing(name) {
      talk._typist = name;
      talk._later('typing', name && (() => talk._typing('')), 6000);
      talk._onchange();
    },

    /* Everything that is said goes through the outbox. */
    _say(body, words) {
      talk._anew = false;
      const at = Math.max(Date.now(), (outbox().at(-1)?.at || 0) + 1);
      keep({ kind: 'text', ...body, words, client_id: newId(), at });
      flush();
    },

    _retry(item) {
      if (item.file) return talk._upload(item.file, item.client_id);
      keep({ ...item, failed: undefined, tries: 0, anew: false });
      flush();
    },

    _remove(item) {
      store.remove(nameOf(item));
      uploads.delete(item.client_id);
      talk._onchange();
    },

    /* A file goes by itself: resent, it is the same message. */
    async _upload(file, client_id = newId()) {
      const item = { client_id, file, words: file.name, note: '0 %' };
      uploads.set(client_id, item);
      talk._onchange();
      try {
        if (!talk._access) await start();
        await send(talk, `/conversations/${talk._access.id}/files?client_id=${client_id}`, file, share => {
          item.note = `${Math.round(share * 100)} %`;
          talk._onchange();
        });
      } catch ({ detail }) {
        item.failed = detail || '';
      }
      talk._pull(true);
    },

    /* Who she is: her talk of another device comes here, or this one goes with her. With null this device forgets it. */
    async _identify(token) {
      talk._identity = token || undefined;
      talk._later('identify');
      if (token === null) {
        store.set('out', newId());
        [...outbox(), ...uploads.values()].forEach(talk._remove);
        swap();
      }
      if (!token) return;
      const id = talk._access?.id;
      try {
        const hers = await call(talk, '/identity', { token, conversation_id: id });
        if (token !== talk._identity) return;
        if (id !== talk._access?.id) talk._identify(token); // it began meanwhile
        else if (hers.id ? hers.token !== talk._access?.token : id) swap(hers.id && hers); // another customer's is not hers
      } catch (problem) {
        if (!isFinal(problem)) talk._later('identify', () => talk._identify(token), backOff(talk._fails));
      }
    },

    _later(name, act, ms) {
      clearTimeout(talk._timers[name]);
      talk._timers[name] = act && setTimeout(act, ms);
    },

    /* What is asked of, or told to, this conversation beside messages. Throws {detail}. */
    async _ask(path, body) {
      try {
        return await call(talk, `/conversations/${talk._access.id}/${path}`, body);
      } finally { if (body) talk._pull(true); }
    },

    // Reading.
    async _pull(ask) {
      more = Math.max(more, ask ? 2 : 1);
      if (reading || !talk._access) return;
      reading = true;
      const { id } = talk._access, same = () => talk._access?.id === id;
      const rows = (after, limit) => call(talk, `/conversations/${id}/messages?after=${after}&limit=${limit}`);
      try {
        while (more && same()) {
          const state = more > 1 && await call(talk, `/conversations/${id}`);
          more = 0;
          if (!same()) break;
          if (state) talk._take(state);
          while (talk._last < talk._known && same()) {
            const list = await rows(talk._last, 200);
            if (!same()) break;
            if (!list.length) talk._known = talk._last;
            for (const m of list) {
              const touched = m.hides || m.shows; // another row's words are hidden, or shown again
              if (touched) replace(...await rows(touched - 1, 1));
              apply(m);
            }
            talk._onchange();
          }
          if (same()) talk._settled = true;
        }
      } catch (problem) {
        more = 0;
        if (problem.status === 404 && same()) forget(id);
      }
      reading = false;
      talk._onchange();
      if (more) talk._pull();
      line._connect();
      line._beat();
    },

    _take(state) {
      if (state.last_seq < talk._known) return;
      talk._known = state.last_seq;
      talk._state = state;
      talk._onchange();
    },
  };
  const line = talk._line = makeLine(talk);

  const keep = item => {
    store.set(nameOf(item), item);
    talk._onchange();
  };

  const agree = () => {
    const access = store.get('talk');
    if (access?.token !== talk._access?.token) {
      line._hangUp();
      reset(access);
    }
    talk._onchange();
    flush();
    talk._pull(true);
    line._connect();
  };

  const reset = access => {
    talk._access = access;
    talk._messages = [];
    talk._state = {};
    sent.clear();
    talk._last = talk._known = 0;
    talk._settled = !access;
    talk._epoch++;
  };

  /* Another talk in this one's place, or none. */
  const swap = access => {
    ['talk', 'key', 'read', 'rated'].forEach(store.remove);
    if (access) store.set('talk', access);
    talk._anew &&= !access;
    agree();
  };

  const forget = gone => {
    if (!gone || store.get('talk')?.id !== gone) return agree();
    talk._anew = true;
    swap();
    talk._identify(talk._identity);
  };

  const wake = () => {
    talk._fails = 0;
    flush();
    talk._pull(true);
    line._again();
  };

  // Sending: in order, one tab at a time.
  const flush = async () => {
    if (flushing || !next()) return;
    flushing = true;
    let wait = 0;
    const all = async () => { for (let item; (item = next());) await deliver(item); };
    try {
      await (navigator.locks ? navigator.locks.request(`${KEY}out`, all) : all());
    } catch (problem) {
      wait = Math.max(problem.after * 1000 || 0, backOff(talk._fails));
    }
    flushing = false;
    talk._onchange();
    if (wait) talk._later('flush', flush, wait);
    else if (next()) flush();
    if (!line._live) talk._pull(true);
    line._beat();
  };

  const deliver = async item => {
    const id = talk._access?.id;
    try {
      if (!talk._access) await start();
      const { client_id, kind, text, option, value } = item;
      await call(talk, `/conversations/${talk._access.id}/messages`, { client_id, kind, text, option, value });
      if (!talk._messages.some(m => m.client_id === client_id)) sent.set(client_id, item);
      talk._remove(item);
    } catch (problem) {
      const tries = (item.tries || 0) + 1, detail = problem.detail;
      if (!store.get(nameOf(item))) return; // taken back, or she logged out
      if (problem.status === 404 && !item.anew) {
        if (item.kind === 'text') keep({ ...item, anew: true });
        else talk._remove(item);
        forget(id || talk._access?.id);
      } else if (isFinal(problem) || (problem.status === 500 && tries > 5)) { // 502 to 504: the app is away for a while
        keep({ ...item, tries, failed: detail });
      } else {
        keep({ ...item, tries, note: detail });
        throw problem;
      }
    }
  };

  /* The key is stored first: an answer lost on the way makes no second conversation. */
  const start = async () => {
    const known = store.get('talk');
    if (known) return reset(known);
    const key = store.get('key') || newId();
    store.set('key', key);
    const access = await begin(talk, key);
    if (store.get('key') !== key) throw {}; // she logged out meanwhile
    reset(access);
    store.set('talk', access);
    talk._settled = true;
    line._connect();
  };

  const apply = message => {
    if (message.seq <= talk._last) return;
    talk._last = message.seq;
    talk._messages.push(message);
    if (message.author === 'agent') talk._typist = '';
    const { client_id } = message;
    if (!client_id) return;
    sent.delete(client_id);
    uploads.delete(client_id);
    outbox().filter(item => item.client_id === client_id).forEach(talk._remove);
  };

  const replace = message => {
    const old = talk._messages.findIndex(m => m.seq === message?.seq);
    if (old < 0) return;
    talk._messages[old] = message;
    talk._changed.push(message.seq);
  };
  return talk;
};
