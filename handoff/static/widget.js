/* Rechtdoor's chat: <script src="…/widget.js" data-language="nl" async></script>. Attributes, methods and events: README.
   Icons: Lucide, ISC licence. */
(() => {
  'use strict';
  const LIMIT = 4000, QUIET = ['end', 'leave_queue'];
  const script = document.currentScript;
  const BASE = script?.src ? new URL(script.src).origin : location.origin;

  // What is said when not even the words can be fetched.
  const bare = (launcher, close, input, send, offline) =>
    ({ title: launcher, log: launcher, pending: offline, launcher, close, input, send, offline });
  const BARE = {
    nl: bare('Stel je vraag', 'Sluiten', 'Je bericht', 'Versturen', 'Geen verbinding. We blijven het proberen.'),
    en: bare('Ask a question', 'Close', 'Your message', 'Send', 'No connection. We keep trying.'),
  };

  // Storage, or memory where it is refused. One key per thing, so that tabs never overwrite each other.
  const KEY = `rechtdoor:${BASE === location.origin ? '' : BASE}:`;
  const keep = name => {
    let area;
    try {
      area = window[name];
      area[KEY] = '';
      delete area[KEY];
    } catch { area = {}; }
    return {
      get(key) { try { return JSON.parse(area[KEY + key]); } catch { return null; } },
      set(key, value) {
        try { area[KEY + key] = JSON.stringify(value); } catch { (area = { ...area })[KEY + key] = JSON.stringify(value); }
      },
      remove(key) { delete area[KEY + key]; },
      all(start) { return Object.keys(area).filter(k => k.startsWith(KEY + start)).sort().map(k => this.get(k.slice(KEY.length))); },
    };
  };
  const store = keep('localStorage'), session = keep('sessionStorage');
  const newId = () => crypto.getRandomValues(new Uint32Array(4)).join('-');
  const coarse = () => matchMedia('(pointer: coarse)').matches;
  const length = text => text.length > LIMIT / 2 ? [...text].length : text.length;

  const isGone = p => p.status === 404 || p.status === 401;
  const isFinal = p => p.status >= 400 && p.status < 500 && ![408, 425, 429].includes(p.status);

  /* The conversation: what is known, what waits, and the line to the server. */
  class Talk {
    static pace = { timeout: 15000, retry: 1000, most: 30000, beat: 15000, fast: 3000, silent: 8000 };
    messages = [];
    state = {};
    sent = new Map(); // not yet read back
    offline = false;
    settled = false; // the history has been read once
    anew = false;
    watching = false;
    epoch = 0;
    onchange = () => {};
    #talk = null;
    #last = 0;
    #known = 0;
    #fails = 0;
    #lost = 0;
    #flushing = false;
    #reading = false;
    #more = 0;
    #socket = null;
    #live = false;
    #deaf = false; // sockets are refused here: polling only
    #rich = false; // pongs carry the state
    #heard = 0;
    #pinged = 0;
    #timers = {};
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
      on(window, 'pagehide', () => this.#hangUp());
      on(document, 'visibilitychange', () => { if (!document.hidden && Date.now() - this.#heard > 5000) this.#wake(); });
      this.offline = !navigator.onLine;
      this.#agree();
      if (!this.#talk) this.settled = true;
    }

    stop() {
      this.#off.abort();
      this.#hangUp();
      Object.values(this.#timers).forEach(clearTimeout);
    }

    get begun() { return !!this.#talk; }
    get busy() { return this.waiting.some(item => item.failed == null); }
    get outbox() { return store.all('out:'); }
    get waiting() { return [...this.sent.values(), ...this.outbox.filter(item => !this.sent.has(item.client_id))]; }
    get awaited() { return this.sent.size > 0 || (this.state.owner === 'bot' && this.messages.at(-1)?.author === 'customer'); }
    get unread() {
      const read = store.get('read') || 0;
      return this.messages.filter(m => m.author !== 'customer' && m.seq > read).length;
    }

    read() { if (this.#last > (store.get('read') || 0)) store.set('read', this.#last); }

    watch(on) {
      this.watching = on;
      if (on) this.#wake();
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
      this.#keep({ ...item, failed: undefined, tries: 0, anew: false });
      this.#flush();
    }

    remove(item) {
      store.remove(`out:${item.at}:${item.client_id}`);
      this.onchange();
    }

    #keep(item) {
      store.set(`out:${item.at}:${item.client_id}`, item);
      this.onchange();
    }

    #later(name, act, ms) {
      clearTimeout(this.#timers[name]);
      this.#timers[name] = act && setTimeout(act, ms);
    }

    #backOff(times, first = Talk.pace.retry) {
      return Math.min(Talk.pace.most, first * 2 ** Math.max(0, times - 1)) * (0.5 + Math.random());
    }

    async #call(path, body, headers) {
      let answer, value;
      try {
        answer = await fetch(`${BASE}/api/v1${path}`, {
          method: body ? 'POST' : 'GET', cache: 'no-store', credentials: 'omit', body: body && JSON.stringify(body),
          headers: {
            'Accept-Language': this.language, ...(body && { 'Content-Type': 'application/json' }),
            ...(this.#talk && { Authorization: `Bearer ${this.#talk.token}` }), ...headers,
          },
          signal: AbortSignal.timeout(Talk.pace.timeout),
        });
        value = await answer.json().catch(e => { if (answer.ok) throw e; });
      } catch { answer = {}; }
      this.offline = !answer.status;
      if (answer.ok) this.#fails = 0;
      else {
        const { status = 0, headers } = answer, detail = value?.detail;
        const problem = { status, detail: detail?.trim ? detail : '', after: headers?.get('Retry-After') };
        if (!isFinal(problem)) this.#fails++;
        this.onchange();
        throw problem;
      }
      return value;
    }

    #agree() {
      const talk = store.get('talk');
      if (talk?.id !== this.#talk?.id) {
        this.#hangUp();
        this.#reset(talk);
      }
      this.onchange();
      this.#flush();
      this.#read(true);
      this.#connect();
    }

    #reset(talk) {
      this.#talk = talk;
      this.messages = [];
      this.state = {};
      this.sent.clear();
      this.#last = this.#known = 0;
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
      this.#fails = this.#lost = 0;
      this.#later('connect');
      this.#ping();
      this.#flush();
      this.#read(true);
      this.#connect();
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
        wait = Math.max(problem.after * 1000 || 0, this.#backOff(this.#fails));
      }
      this.#flushing = false;
      this.onchange();
      if (wait) this.#later('flush', () => this.#flush(), wait);
      else if (this.#next()) this.#flush();
      if (!this.#live) this.#read(true);
      this.#beat();
    }

    #next() { return this.outbox.find(item => item.failed == null && !this.sent.has(item.client_id)); }

    async #deliver(item) {
      const id = this.#talk?.id;
      try {
        if (!this.#talk) await this.#begin();
        const { client_id, kind, text, option, value } = item;
        await this.#call(`/conversations/${this.#talk.id}/messages`, { client_id, kind, text, option, value });
        if (!this.messages.some(m => m.client_id === client_id)) this.sent.set(client_id, item);
        this.remove(item);
      } catch (problem) {
        const tries = (item.tries || 0) + 1, detail = problem.detail;
        if (isGone(problem) && !item.anew) {
          if (item.kind === 'text') this.#keep({ ...item, anew: true });
          else this.remove(item);
          this.#forget(id || this.#talk?.id);
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
      const about = { language: this.language, page_url: location.origin + location.pathname };
      const talk = await this.#call('/conversations', about, { 'Idempotency-Key': key });
      this.#reset(talk);
      store.set('talk', talk);
      this.settled = true;
      this.#connect();
    }

    // Reading.
    async #read(ask) {
      this.#more = Math.max(this.#more, ask ? 2 : 1);
      if (this.#reading || !this.#talk) return;
      this.#reading = true;
      const { id } = this.#talk, same = () => this.#talk?.id === id;
      try {
        while (this.#more && same()) {
          const state = this.#more > 1 && await this.#call(`/conversations/${id}`);
          this.#more = 0;
          if (!same()) break;
          if (state) this.#take(state);
          while (this.#last < this.#known && same()) {
            const list = await this.#call(`/conversations/${id}/messages?after=${this.#last}&limit=200`);
            if (!same()) break;
            if (!list.length) this.#known = this.#last;
            list.forEach(m => this.#apply(m));
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
      if (this.#more) this.#read();
      this.#connect();
      this.#beat();
    }

    #take(state) {
      if (state.last_seq < this.#known) return;
      this.#known = state.last_seq;
      const { owner, queue, bot_busy, agent_name = owner === this.state.owner ? this.state.agent_name : undefined } = state;
      this.state = { owner, queue, bot_busy, agent_name };
      this.onchange();
    }

    #apply(message) {
      if (message.seq <= this.#last) return;
      this.#last = message.seq;
      this.messages.push(message);
      if (message.author === 'agent') this.state.agent_name = message.author_name || this.state.agent_name;
      if (!message.client_id) return;
      this.sent.delete(message.client_id);
      this.outbox.filter(item => item.client_id === message.client_id).forEach(item => this.remove(item));
    }

    // The live line.
    get #wanted() { return this.#talk && (this.watching || ['queue', 'agent'].includes(this.state.owner)); }

    #connect() {
      if (!this.#wanted || this.#socket || this.#deaf || this.#timers.connect) return;
      const { id, token } = this.#talk;
      let socket;
      try {
        socket = new WebSocket(`${BASE.replace(/^http/, 'ws')}/api/v1/conversations/${id}/live`);
      } catch { this.#deaf = true; return; }
      this.#socket = socket;
      const born = this.#heard = Date.now();
      this.#pinged = 0;
      socket.onopen = () => socket.send(JSON.stringify({ token, after: this.#last }));
      socket.onmessage = ({ data }) => {
        this.#heard = Date.now();
        const frame = JSON.parse(data);
        if (frame.event === 'ready') {
          this.#live = true;
          this.#read(true);
        } else if (frame.last_seq != null) {
          this.#rich ||= frame.event === 'pong';
          this.#take(frame);
          const nameless = frame.owner === 'agent' && !this.state.agent_name;
          if (nameless || this.#last < this.#known) this.#read(nameless);
        }
      };
      socket.onclose = ({ code }) => {
        this.#socket = socket.onclose = socket.onmessage = null;
        this.#live = false;
        if (code === 4403) this.#deaf = true;
        if (code === 4401) this.#read(true);
        this.#lost = Date.now() - born > 10000 ? 1 : this.#lost + 1;
        this.#later('connect', () => { this.#later('connect'); this.#connect(); }, this.#backOff(this.#lost, Talk.pace.retry / 2));
        this.#beat();
      };
    }

    #hangUp() {
      const socket = this.#socket;
      if (socket) socket.onclose = socket.onmessage = null;
      socket?.close();
      this.#later('connect');
      this.#socket = null;
      this.#live = false;
    }

    #ping() {
      if (!this.#live || this.#pinged > this.#heard) return;
      this.#pinged = Date.now();
      this.#socket.send('{"ping":1}');
    }

    /* The heartbeat notices silent sockets, and reads where there is no socket. */
    #beat() {
      if (!this.#wanted && (this.settled || !this.#talk)) return;
      const { beat, fast } = Talk.pace;
      const calm = !this.watching || document.hidden || (this.#live && !this.awaited);
      const pace = this.#fails ? this.#backOff(this.#fails + 1, fast / 2) : (calm ? beat : fast) * (0.8 + Math.random() * 0.4);
      this.#later('beat', () => {
        const silent = Date.now() - (this.#live ? this.#pinged : this.#heard) > Talk.pace.silent;
        if (this.#socket && silent && (!this.#live || this.#pinged > this.#heard)) {
          const { onclose } = this.#socket;
          this.#socket.close();
          onclose?.({});
        } else this.#ping();
        if (this.#live && this.#rich && !this.awaited) this.#beat();
        else this.#read(true);
      }, pace);
    }
  }

  const STYLE = `
:host{all:initial;--accent:#0f6b5c;--on:#fff;--bg:#faf9f7;--top:#fff;--ink:#1d1c1a;--soft:#5f5b55;--line:#e3e0da;--edge:#8d8880;
--bad:#ad1f1f;--mix:12%;--shade:#2a1d1026;color-scheme:light dark;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
color:var(--ink)}
@media (prefers-color-scheme:dark){:host{--bg:#171615;--top:#272624;--ink:#eceae6;--soft:#b4afa7;--line:#403d39;--edge:#8f8981;
--bad:#ff9a93;--mix:30%;--shade:#0009}}
@supports (color:color(from red xyz x y z)){:host{--dark:clamp(0,(.179 - y)*999,1);
--on:color(from var(--accent) xyz calc(.95*var(--dark)) var(--dark) calc(1.089*var(--dark)))}}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
button,textarea{font:inherit;color:inherit;border:1px solid var(--edge);border-radius:22px;background:var(--top)}
button{min-height:44px;min-width:44px;padding:6px 16px;cursor:pointer;text-align:start;overflow-wrap:anywhere}
button:hover{filter:brightness(.94)}
button:disabled{cursor:default;color:var(--soft);background:none;border-color:var(--line)}
:focus-visible{outline:2px solid;outline-offset:2px}
svg{display:block;width:24px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;flex:none}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.icon,.face{display:grid;place-items:center;padding:0;flex:none}
.icon{border-color:transparent;background:none}
.launch,.panel{position:fixed;z-index:2147483000;right:24px;bottom:24px;box-shadow:0 2px 8px var(--shade),0 12px 40px var(--shade)}
:host([data-position=left]) :is(.launch,.panel){right:auto;left:24px}
:host([data-position]) .sure{margin:auto}
.launch{display:flex;align-items:center;gap:8px;min-height:56px;padding:0 20px 0 16px;border-radius:28px;font-weight:600}
.launch,.send{background:var(--accent);color:var(--on);border-color:transparent}
.badge{position:absolute;top:-6px;right:-4px;min-width:24px;padding:0 6px;border-radius:12px;
background:var(--ink);color:var(--bg);font-size:14px;line-height:24px;text-align:center}
.panel{left:auto;top:auto;width:400px;max-width:none;height:min(700px,100dvh - 48px);max-height:none;
padding:0;border:1px solid var(--line);border-radius:20px;background:var(--bg);color:inherit;overflow:hidden}
.panel[open],section.panel{display:flex;flex-direction:column}
header,.below{background:var(--top);border:0 solid var(--line)}
header{display:flex;align-items:center;gap:12px;padding:12px 8px 12px 20px;border-width:0 0 1px}
.face{width:40px;height:40px;border-radius:50%;font-weight:600}
.face,.customer .b{background:color-mix(in srgb,var(--accent) var(--mix),var(--top))}
.names{flex:1;min-width:0}
h2{font-size:17px;line-height:1.3}
.names p,.who,.line,.state,.typing,.helped,.count,.error{font-size:14px;color:var(--soft)}
.bad .state,.error{color:var(--bad)}
.middle{position:relative;flex:1;min-height:64px;display:flex}
.log{position:relative;flex:1;min-width:0;overflow:hidden auto;overscroll-behavior:contain;padding:20px 20px 36px;display:flex;flex-direction:column;gap:4px}
.m{max-width:88%;display:flex;flex-direction:column;align-items:flex-start}
.who{margin:12px 4px 4px}
.b{max-width:100%;padding:10px 14px;border:1px solid var(--line);border-radius:4px 16px 16px;background:var(--top);white-space:pre-wrap}
.b,.line,.state{overflow-wrap:anywhere;unicode-bidi:plaintext}
.customer{align-self:flex-end;align-items:flex-end}
.m:not(.customer)+.customer{margin-top:12px}
.customer .b{border-radius:16px 16px 4px;border-color:transparent}
.html{white-space:normal}
.html *{unicode-bidi:plaintext;margin:0 0 8px;font-size:inherit}
.html :is(ul,ol){padding-inline-start:20px}
.html>:last-child,.html :not(p,ul,ol,h3,h4,blockquote){margin:0}
a{color:inherit;text-underline-offset:3px}
.line{align-self:center;text-align:center;max-width:90%;padding:12px 0}
.state{margin:4px;text-align:end}
.bad .b{border-color:var(--bad)}
.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin-top:8px}
.state .row{justify-content:end;color:var(--ink)}
.options{flex-direction:column;align-items:flex-start}
.helped{margin:0 4px;gap:4px}
.helped button{border-color:transparent;background:none;color:var(--ink);text-decoration:underline;padding:0 8px;text-align:center}
.typing{position:absolute;left:24px;bottom:8px}
.typing div{gap:6px;animation:late 0s .3s both}
@keyframes late{from{visibility:hidden}}
i{border:3px solid;border-radius:50%}
.jump{position:absolute;right:16px;bottom:12px;border-color:var(--edge);background:var(--top)}
.below{padding:12px 16px max(12px,env(safe-area-inset-bottom));border-width:1px 0 0}
.card{padding:12px 14px;margin-bottom:12px;border:1px solid var(--line);border-radius:12px;background:var(--bg)}
.card p+p{color:var(--soft);font-size:15px}
.sure{width:min(360px,100% - 32px);margin:auto 44px 110px auto;color:inherit;padding:20px}
.sure::backdrop{background:var(--shade)}
form{display:flex;gap:8px;align-items:flex-end}
textarea{flex:1;min-width:0;max-height:140px;padding:9px 14px;background:var(--bg);line-height:24px;resize:none;unicode-bidi:plaintext}
textarea::placeholder{color:var(--soft);opacity:1}
textarea:focus-visible,.log:focus-visible{outline-offset:-2px}
.error,.count{margin:0 4px}
:host([data-position=page]){display:block;height:100%}
section.panel{position:static;width:auto;height:100%;border:0;border-radius:0;box-shadow:none}
section.panel>*,section.panel .log{padding-inline:max(16px,50% - 344px)}
section.panel .middle{padding:0}
@media (max-width:480px),(max-height:480px){dialog.panel{inset:0!important;width:100%;height:100dvh;border:0;border-radius:0}.sure{margin:auto}
.launch{padding:0 15px;right:16px;bottom:16px}.launch b{position:absolute;clip-path:inset(50%)}}
@media (max-height:360px){.panel{overflow:auto}.middle{min-height:200px;flex:none}}
@media (prefers-reduced-motion:no-preference){.panel[open]{animation:in .2s}
@keyframes in{from{opacity:0;translate:0 12px}}i{animation:dot 1.2s infinite}i+i{animation-delay:.2s}i+i+i{animation-delay:.4s}
@keyframes dot{30%{translate:0 -4px}}}`;

  const ICONS = {
    chat: 'M7.9 20A9 9 0 1 0 4 16.1L2 22Z',
    close: 'M18 6 6 18M6 6l12 12',
    end: 'M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4M16 17l5-5-5-5M21 12H9',
    send: 'm5 12 7-7 7 7M12 19V5',
    down: 'M12 5v14M19 12l-7 7-7-7',
  };
  const icon = name => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(document.createElementNS(svg.namespaceURI, 'path'));
    svg.firstChild.setAttribute('d', ICONS[name]);
    return svg;
  };
  /* An element with properties (or attributes) and children; text is always text. */
  const h = (tag, props = {}, ...children) => {
    const el = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name in el) el[name] = value;
      else el.setAttribute(name, value);
    }
    el.append(...children.filter(child => child != null));
    return el;
  };

  class RechtdoorChat extends HTMLElement {
    static Talk = Talk;
    static define(tag = 'rechtdoor-chat') {
      if (!customElements.get(tag)) customElements.define(tag, this);
    }

    #talk;
    #words = {};
    #ui = null;
    #open = false;
    #opener = null;
    #nodes = new Map(); // seq or client_id → node
    #drawn = 0;
    #epoch = 0;
    #day = '';
    #author = '';
    #count = 0;
    #low = true; // at the end of the talk
    #first = true; // the history is not read out
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
    #focus() { this.#ui?.[coarse() ? 'log' : 'input'].focus(); }

    #tell(name, detail) {
      this.dispatchEvent(new CustomEvent(`rechtdoor:${name}`, { bubbles: true, composed: true, detail }));
    }

    #t(name, values = {}) {
      return (this.#words[name] || '').replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
    }

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
      const t = name => this.#t(name), page = this.#page;
      const ui = this.#ui = {};
      const button = (className, picture, label, onclick) =>
        h('button', { className: `icon ${className}`, title: label, onclick }, icon(picture), h('span', { className: 'sr' }, label));
      ui.badge = h('span', { className: 'badge', hidden: true, 'aria-hidden': 'true' });
      ui.unread = h('span', { className: 'sr', role: 'status' });
      ui.launch = h('button', { className: 'launch', 'aria-haspopup': 'dialog', onclick: () => this.open() },
        icon('chat'), h('b', {}, t('launcher')), ui.badge, ui.note = h('span', { className: 'sr' }));
      ui.panel = h(page ? 'section' : 'dialog', { className: 'panel', 'aria-labelledby': 'title' },
        h('header', {},
          ui.face = h('span', { className: 'face', 'aria-hidden': 'true' }),
          h('div', { className: 'names' }, h('h2', { id: 'title' }, t('title')), ui.who = h('p')),
          ui.end = button('', 'end', t('end'), () => this.#sure('end')),
          page ? null : button('', 'close', t('close'), () => this.close())),
        h('div', { className: 'middle' },
          ui.log = h('div', { className: 'log', role: 'log', tabIndex: 0, 'aria-label': t('log'), 'aria-live': 'off' }),
          ui.typing = h('div', { className: 'typing', role: 'status' }),
          ui.jump = button('jump', 'down', t('jump'), () => this.#down())),
        h('div', { className: 'below' },
          ui.card = h('div', {}, ui.status = h('div', { role: 'status' }), ui.leave = h('div', { className: 'row' },
            h('button', { onclick: () => this.#sure('leave_queue') }, t('leave_queue')))),
          ui.error = h('p', { className: 'error', id: 'error', role: 'alert' }),
          ui.left = h('p', { className: 'count', id: 'left' }),
          h('form', { onsubmit: e => { e.preventDefault(); this.#submit(); } },
            ui.input = h('textarea', { rows: 1, dir: 'auto', value: typed, placeholder: t('placeholder'), 'aria-label': t('input'),
              'aria-describedby': 'left error', enterKeyHint: 'send', oninput: () => this.#typed(),
              onkeydown: e => { if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); this.#submit(); } } }),
            button('send', 'send', t('send')))));
      ui.panel.onkeydown = e => {
        if (e.key !== 'Escape' || e.isComposing || page) return;
        e.preventDefault();
        e.stopPropagation();
        this.close();
      };
      ui.panel.oncancel = e => e.preventDefault();
      ui.panel.onclose = () => { if (!ui.panel.open) this.close(); };
      ui.log.onscroll = () => this.#look();
      new ResizeObserver(() => { if (this.#low) this.#down(); }).observe(ui.log);
      ui.jump.hidden = true;
      this.#nodes.clear();
      this.#drawn = 0;
      this.#day = new Date().toDateString();
      this.#author = '';
      this.#first = true;
      const greeting = this.dataset.greeting || t('greeting');
      if (greeting) ui.log.append(this.#bubble('bot', greeting, t('bot')));
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
      this.#down();
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
      this.#down();
    }

    #down() {
      if (!this.#ui) return;
      this.#ui.log.scrollTop = this.#ui.log.scrollHeight;
      this.#look();
    }

    #look() {
      const { log, jump } = this.#ui;
      this.#low = log.scrollHeight - log.scrollTop - log.clientHeight < 96;
      if (this.#low) jump.hidden = true;
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

    // Drawing.
    #render() {
      if (!this.#ui) return;
      const { log, jump } = this.#ui, talk = this.#talk;
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
      this.#queue(items);
      this.#settle();
      this.#status();
      if (this.#open && !document.hidden) talk.read();
      this.#badge();
      const first = fresh.length && this.#nodes.get(fresh[0].seq);
      if (!this.#low) jump.hidden = !first && jump.hidden;
      else if (!first || this.#first) this.#down();
      else {
        log.scrollTop = first.offsetTop - 12; // a long answer is read from its start
        this.#look();
      }
      if (this.#first && talk.settled) {
        this.#first = false;
        requestAnimationFrame(() => requestAnimationFrame(() => { log.setAttribute('aria-live', 'polite'); }));
      }
    }

    #bubble(author, text, name, html) {
      const b = h('div', { className: 'b', dir: 'auto' });
      if (html) {
        b.classList.add('html');
        b.setHTML ? b.setHTML(html) : b.innerHTML = html; // safe from the server; safe again where the browser can
        b.querySelectorAll('a[href]').forEach(a => { a.target = '_blank'; });
      } else b.textContent = text;
      return h('div', { className: `m ${author}` }, h('p', { className: author === 'customer' ? 'sr' : 'who' }, name), b);
    }

    #name(m) {
      return m.author === 'customer' ? this.#t('you') : m.author === 'agent' ? m.author_name || this.#t('agent') : this.#t('bot');
    }

    #place(m) {
      const { log } = this.#ui, customer = m.author === 'customer';
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
        put(h('p', { className: 'line' }, at.toLocaleDateString(this.lang, { weekday: 'long', day: 'numeric', month: 'long' })));
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
        node.querySelector('.b').textContent = m.text;
        put(node);
      } else {
        const name = this.#name(m), time = at.toLocaleTimeString(this.lang, { hour: '2-digit', minute: '2-digit' });
        node = put(this.#bubble(m.author, m.text, customer ? name : `${name} · ${time}`, m.author === 'customer' ? '' : m.html));
        if (!customer && this.#author === name) node.firstChild.className = 'sr';
      }
      this.#author = customer || node.className === 'line' ? '' : this.#name(m);
      if (m.client_id) this.#nodes.delete(m.client_id);
      this.#nodes.set(m.seq, node);
      if (m.kind === 'clarify' || m.ask_helped) this.#buttons(m, node);
    }

    #buttons(m, node) {
      const say = (label, body) => h('button', { onclick: () => {
        this.#talk.say(body, label);
        this.#focus();
        this.#down();
      } }, label);
      const t = name => this.#t(name);
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
    #queue(items) {
      const { log } = this.#ui, ids = new Set(items.map(item => item.client_id));
      for (const node of [...log.children]) if (node.waiting && !ids.has(node.waiting)) { this.#nodes.delete(node.waiting); node.remove(); }
      for (const item of items) {
        let node = this.#nodes.get(item.client_id);
        if (!node) {
          node = this.#bubble('customer', item.text ?? item.words, this.#t('you'));
          node.waiting = item.client_id;
          node.append(node.state = h('div', { className: 'state', dir: 'auto' }));
          this.#nodes.set(item.client_id, node);
          log.append(node);
          if (this.#open) this.#down();
        }
        this.#mark(node, item);
      }
    }

    #mark(node, item) {
      const failed = item.failed != null, sent = this.#talk.sent.has(item.client_id);
      const words = failed ? `${this.#t('failed')} ${item.failed}` : sent ? '' : item.note
        || (this.#talk.offline || item.tries ? this.#t('pending') : '');
      if (node.words === words) return;
      node.words = words;
      node.classList.toggle('bad', failed);
      node.state.replaceChildren(words);
      if (!failed) return;
      const act = (name, how) => h('button', { onclick: () => { how(); this.#ui.input.focus(); } }, this.#t(name));
      node.state.append(h('div', { className: 'row' },
        act('retry', () => this.#talk.retry(item)), act('remove', () => this.#talk.remove(item))));
    }

    /* Buttons count only while nothing came after them. */
    #settle() {
      const { messages, state } = this.#talk;
      const last = messages.findLast(m => m.author === 'customer')?.seq || 0;
      for (const m of messages.slice(-20)) {
        const node = this.#nodes.get(m.seq);
        if (!node?.row) continue;
        const idle = last > m.seq || this.#talk.busy || (state.owner && state.owner !== 'bot');
        node.row.querySelectorAll('button').forEach(button => { button.disabled = idle; });
        if (m.ask_helped) node.row.hidden = idle;
      }
    }

    #status() {
      const ui = this.#ui, talk = this.#talk, { owner, queue, agent_name } = talk.state, t = (name, values) => this.#t(name, values);
      const name = owner === 'agent' && (agent_name || t('agent')), who = name ? t('with_agent', { name }) : t('bot');
      if (ui.who.textContent !== who) {
        ui.who.textContent = who;
        ui.face.replaceChildren(name ? [...name][0] : icon('chat'));
      }
      ui.end.hidden = !talk.begun || owner === 'closed' || !owner;
      const lines = [];
      if (talk.offline) lines.push(t('offline'));
      if (talk.anew) lines.push(t('started_anew'));
      if (owner === 'queue') lines.push(...this.#wait(queue), t('keep_typing'));
      const [line, ...more] = lines, text = more.join(' ');
      if (ui.status.textContent !== (line || '') + text) ui.status.replaceChildren(...lines.length ? [h('p', {}, line), h('p', {}, text)] : []);
      ui.leave.hidden = owner !== 'queue' || talk.waiting.some(item => item.kind === 'leave_queue');
      ui.card.className = lines.length ? 'card' : '';
      const typing = owner === 'bot' && !!talk.state.bot_busy;
      if (!ui.typing.firstChild === typing) ui.typing.replaceChildren(...(typing ? [h('div', { className: 'row' }, h('i'), h('i'), h('i'), t('typing'))] : []));
    }

    #wait(queue) {
      if (!queue) return [this.#t('queued')];
      const { position, wait } = queue, ordinal = this.#t('ordinals').split(',')[position - 1];
      const line = ordinal ? this.#t('queue_ordinal', { ordinal }) : this.#t('queue_place', { position });
      if (!wait) return [line, this.#t('wait_unknown')];
      const low = Math.floor(wait.low_s / 60) || 1, high = Math.ceil(wait.high_s / 60);
      return [line, this.#t(high < 2 ? 'wait_soon' : low >= high ? 'wait_about' : 'wait_range', { low, high })];
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
  if (!script) return;
  const mount = () => {
    if (document.querySelector('rechtdoor-chat')) return;
    const el = new RechtdoorChat();
    Object.assign(el.dataset, script.dataset);
    const inBody = script.dataset.position === 'page' && document.body.contains(script);
    (inBody ? script.parentElement : document.body).append(el);
  };
  if (document.body) mount();
  else addEventListener('DOMContentLoaded', mount, { once: true });
})();
