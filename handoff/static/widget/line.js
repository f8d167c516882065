/* The live line: a socket that says when there is something to read, and a heartbeat that reads where there is none. */
import { BASE } from './base.js';

export class Line {
  live = false;
  heard = 0;
  #talk;
  #socket = null;
  #deaf = false; // sockets are refused here: polling only
  #rich = false; // pongs carry the state
  #pinged = 0;
  #lost = 0;
  #seen = 0;
  #typed = 0;

  constructor(talk) { this.#talk = talk; }

  get #wanted() {
    const { access, watching, state } = this.#talk;
    return access && (watching || ['queue', 'agent'].includes(state.owner));
  }

  connect() {
    const talk = this.#talk;
    if (!this.#wanted || this.#socket || this.#deaf || talk.timers.connect) return;
    const { id, token } = talk.access;
    let socket;
    try {
      socket = new WebSocket(`${BASE.replace(/^http/, 'ws')}/api/v1/conversations/${id}/live`);
    } catch { this.#deaf = true; return; }
    this.#socket = socket;
    const born = this.heard = Date.now();
    this.#pinged = this.#seen = 0;
    socket.onopen = () => this.#send({ token, after: talk.last });
    socket.onmessage = ({ data }) => {
      this.heard = Date.now();
      const frame = JSON.parse(data);
      if (frame.event === 'ready') {
        this.live = true;
        talk.pull(true);
      } else if (frame.event === 'typing') {
        talk.typing(frame.name);
      } else if (frame.last_seq != null) {
        this.#rich ||= frame.event === 'pong';
        talk.take(frame);
        const nameless = frame.owner === 'agent' && !talk.state.agent_name;
        if (nameless || talk.last < talk.known) talk.pull(nameless);
      }
    };
    socket.onclose = ({ code }) => {
      this.#socket = socket.onclose = socket.onmessage = null;
      this.live = false;
      if (code === 4403) this.#deaf = true;
      if (code === 4401) talk.pull(true);
      this.#lost = Date.now() - born > 10000 ? 1 : this.#lost + 1;
      talk.later('connect', () => { talk.later('connect'); this.connect(); }, talk.backOff(this.#lost, talk.pace.retry / 2));
      this.beat();
    };
  }

  hangUp() {
    const socket = this.#socket;
    if (socket) socket.onclose = socket.onmessage = null;
    socket?.close();
    this.#talk.later('connect');
    this.#socket = null;
    this.live = false;
    this.#seen = 0;
  }

  /* At once, without what was waited for. */
  again() {
    this.#lost = 0;
    this.#talk.later('connect');
    this.#ping();
    this.connect();
  }

  /* Small signs for the agent: how far the customer has read, once per socket; and that she types. */
  see(seq) {
    if (seq <= this.#seen || !(this.live || this.#deaf)) return;
    this.#seen = seq;
    if (this.live) this.#send({ seen: seq });
    else this.#talk.ask('seen', { seq }).catch(() => {});
  }

  type() {
    if (!this.live || this.#talk.state.owner !== 'agent' || Date.now() - this.#typed < 3000) return;
    this.#typed = Date.now();
    this.#send({ typing: true });
  }

  #send(frame) { this.#socket.send(JSON.stringify(frame)); }

  #ping() {
    if (!this.live || this.#pinged > this.heard) return;
    this.#pinged = Date.now();
    this.#send({ ping: 1 });
  }

  /* The heartbeat notices silent sockets, and reads where there is no socket. */
  beat() {
    const talk = this.#talk, { beat, fast, silent } = talk.pace;
    if (!this.#wanted && (talk.settled || !talk.access)) return;
    const calm = !talk.watching || document.hidden || (this.live && !talk.awaited);
    const pace = talk.fails ? talk.backOff(talk.fails + 1, fast / 2) : (calm ? beat : fast) * (0.8 + Math.random() * 0.4);
    talk.later('beat', () => {
      const quiet = Date.now() - (this.live ? this.#pinged : this.heard) > silent;
      if (this.#socket && quiet && (!this.live || this.#pinged > this.heard)) {
        const { onclose } = this.#socket;
        this.#socket.close();
        onclose?.({});
      } else this.#ping();
      if (this.live && this.#rich && !talk.awaited) this.beat();
      else talk.pull(true);
    }, pace);
  }
}
