/* The desk's socket. Subscribe, then read: `heard` is called when something changed, and after every gap. What is of the
   moment (somebody types, looks along, has seen) goes to who listens with `onLive`, and `tellLive` says it of me. */
const PING_MS = 25_000;
const SILENCE_MS = 60_000;
const BAD_TOKEN = 4401;

let socket = null;
const listeners = [];

/** Say something over the socket, where it is open: what is of the moment is not kept for later. */
export function tellLive(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

/** Hear every frame, `ready` among them, after which the desk knows nothing of this page. */
export function onLive(listener) {
  listeners.push(listener);
}

export function live({ heard, online }) {
  let tries = 0;
  let spoke = 0;
  let waiting = 0;

  function open() {
    clearTimeout(waiting);
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/desk/live`);
    socket.addEventListener("message", read);
    socket.addEventListener("close", closed);
  }

  function read(message) {
    spoke = Date.now();
    const frame = JSON.parse(message.data);
    if (frame.event === "ready") {
      tries = 0;
      online(true);
      heard(null);
    } else if (frame.event === "queue") {
      heard("");
    } else if (frame.event === "changed") {
      heard(frame.conversation ?? null);
    }
    for (const listener of listeners) listener(frame);
  }

  function closed(event) {
    if (event.target !== socket) return;
    online(false);
    if (event.code === BAD_TOKEN) return location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    const delay = Math.min(30_000, 500 * 2 ** tries++) * (0.5 + Math.random() / 2);
    waiting = setTimeout(open, delay);
  }

  function watch() {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - spoke > SILENCE_MS) socket.close();
    else socket.send('{"ping": 1}');
  }

  function now() {
    if (socket.readyState === WebSocket.CLOSED) open();
  }

  addEventListener("online", now);
  addEventListener("offline", () => socket.close());
  document.addEventListener("visibilitychange", () => document.hidden || now());
  setInterval(watch, PING_MS);
  open();
}
