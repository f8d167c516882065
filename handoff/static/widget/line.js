/* The live line: a socket that says when there is something to read, and a heartbeat that reads where there is none. */
import { BASE, backOff, pace } from './base.js';

export const makeLine = talk => {
  let socket = null, deaf = false; // deaf: sockets are refused here, polling only
  let pinged = 0, lost = 0, seen = 0, typed = 0;

  const wanted = () => talk._access && (talk._watching || ['queue', 'agent'].includes(talk._state.owner));
  const put = frame => socket.send(JSON.stringify(frame));

  const ping = () => {
    if (!line._live || pinged > line._heard) return;
    pinged = Date.now();
    put({ ping: 1 });
  };

  const hear = ({ data }) => {
    line._heard = Date.now();
    const frame = JSON.parse(data);
    if (frame.event === 'ready') {
      line._live = true;
      talk._pull(true);
    } else if (frame.event === 'typing') {
      talk._typing(frame.name);
    } else if (frame.last_seq != null) {
      talk._take(frame);
      if (talk._last < talk._known) talk._pull();
    }
  };

  const line = {
    _live: false,
    _heard: 0,

    _connect() {
      if (!wanted() || socket || deaf || talk._timers.connect) return;
      const { id, token } = talk._access;
      try {
        socket = new WebSocket(`${BASE.replace(/^http/, 'ws')}/api/v1/conversations/${id}/live`);
      } catch { deaf = true; return; }
      const born = line._heard = Date.now(), own = socket;
      pinged = seen = 0;
      own.onopen = () => put({ token, after: talk._last });
      own.onmessage = hear;
      own.onclose = ({ code }) => {
        socket = own.onclose = own.onmessage = null;
        line._live = false;
        if (code === 4403) deaf = true;
        if (code === 4401) talk._pull(true);
        lost = Date.now() - born > 10000 ? 1 : lost + 1;
        talk._later('connect', () => { talk._later('connect'); line._connect(); }, backOff(lost, pace.retry / 2));
        line._beat();
      };
    },

    _hangUp() {
      if (socket) socket.onclose = socket.onmessage = null;
      socket?.close();
      talk._later('connect');
      socket = null;
      line._live = false;
      seen = 0;
    },

    /* At once, without what was waited for. */
    _again() {
      lost = 0;
      talk._later('connect');
      ping();
      line._connect();
    },

    /* Small signs for the agent: how far the customer has read, once per socket; and that she types. */
    _see(seq) {
      if (seq <= seen || !(line._live || deaf)) return;
      seen = seq;
      if (line._live) put({ seen: seq });
      else talk._ask('seen', { seq }).catch(() => {});
    },

    _type() {
      if (!line._live || talk._state.owner !== 'agent' || Date.now() - typed < 3000) return;
      typed = Date.now();
      put({ typing: true });
    },

    /* The heartbeat notices silent sockets, and reads where there is no socket. */
    _beat() {
      const { beat, fast, silent } = pace;
      if (!wanted() && (talk._settled || !talk._access)) return;
      const calm = !talk._watching || document.hidden || (line._live && !talk._awaited);
      const wait = talk._fails ? backOff(talk._fails + 1, fast / 2) : (calm ? beat : fast) * (0.8 + Math.random() * 0.4);
      talk._later('beat', () => {
        const quiet = Date.now() - (line._live ? pinged : line._heard) > silent;
        if (socket && quiet && (!line._live || pinged > line._heard)) {
          const { onclose } = socket;
          socket.close();
          onclose?.({});
        } else ping();
        if (line._live && !talk._awaited) line._beat();
        else talk._pull(true);
      }, wait);
    },
  };
  return line;
};
