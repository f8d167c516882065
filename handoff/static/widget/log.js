/* The talk as it is drawn: messages in order, what waits at the end, buttons that still count. */
import { BASE, QUIET, h, store } from './base.js';
import { makeRating } from './rating.js';

/* `log` and `jump` are the elements, `focus` goes back to the field, `greeting` and `suggestions` stand first. */
export const makeLog = (talk, t, lang, log, jump, focus, greeting, suggestions) => {
  const nodes = new Map(); // seq or client_id → node
  let low = true; // at the end of the talk
  let drawn = 0, epoch = talk._epoch, last = new Date().toDateString(), from = '', first = true; // the history is not read out
  let rating;

  const seen = h('div.state', { 'aria-live': 'off' }, t('seen'));
  const theirName = m => m.author === 'customer' ? t('you') : m.author === 'agent' ? m.author_name || t('agent') : t('bot');

  /* What is new; `open`: whether it can be seen. */
  const draw = open => {
    if (epoch !== talk._epoch) {
      epoch = talk._epoch;
      drawn = 0;
      log.querySelectorAll('[data-seq]').forEach(node => node.remove());
      nodes.forEach((node, key) => node.isConnected || nodes.delete(key));
    }
    const fresh = talk._messages.slice(drawn);
    drawn = talk._messages.length;
    fresh.forEach(place);
    for (const seq of talk._changed.splice(0)) {
      const m = talk._messages.find(m => m.seq === seq), b = nodes.get(seq)?.querySelector('.b');
      if (m) b?.replaceWith(drawWords(m));
    }
    drawWaiting(open);
    settle();
    drawRating();
    log._row.hidden = !suggestions[0] || !talk._settled || talk._messages.length + talk._waiting.length;
    const top = fresh.map(m => nodes.get(m.seq)).find(node => !node.hidden);
    if (!low) jump.hidden = !top && jump.hidden;
    else if (!top || first || rating) down();
    else {
      log.scrollTop = top.offsetTop - 12; // a long answer is read from its start
      look();
    }
    if (first && talk._settled) {
      first = false;
      requestAnimationFrame(() => requestAnimationFrame(() => { log.setAttribute('aria-live', 'polite'); }));
    }
    drawMarks();
  };

  const down = () => {
    log.scrollTop = log.scrollHeight;
    look();
  };

  const look = () => {
    low = log.scrollHeight - log.scrollTop - log.clientHeight < 96;
    if (low) jump.hidden = true;
    drawMarks();
  };

  /* Seen by the agent; and what the customer has in view, for the agent. */
  const drawMarks = () => {
    const theirs = talk._messages.findLast(m => m.told || m.author === 'agent'), mine = talk._messages.findLast(m => m.author === 'customer');
    const node = nodes.get(theirs?.seq);
    if (node && talk._watching && !document.hidden && node.offsetTop < log.scrollTop + log.clientHeight) talk._line._see(theirs.seq);
    const under = mine?.seq <= talk._state.agent_seen_seq && nodes.get(mine.seq);
    if (!under) seen.remove();
    else if (seen.parentNode !== under) under.append(seen);
  };

  /* The words of a message, or its file. */
  const drawWords = ({ kind, text, html, file }) => {
    const b = h('div.b', { dir: 'auto' });
    if (kind === 'hidden_message') b.append(h('em', {}, t('hidden')));
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
  };

  const bubble = (author, words, name) =>
    h(`div.m ${author}`, {}, h(author === 'customer' ? 'p.sr' : 'p.who', {}, name), drawWords(words));

  const place = m => {
    const customer = m.author === 'customer', name = theirName(m);
    let node = m.client_id && nodes.get(m.client_id);
    const anchor = [...log.children].find(child => child._waits || child === rating) || null;
    const at = new Date(m.at), day = at.toDateString();
    const put = el => {
      el.dataset.seq = m.seq;
      if (el !== anchor) log.insertBefore(el, anchor);
      return el;
    };
    if (day !== last && !node) {
      last = day;
      put(h('p.line', {}, at.toLocaleDateString(lang, { weekday: 'long', day: 'numeric', month: 'long' })));
    }
    if (customer && QUIET.includes(m.kind)) {
      node?.remove();
      node = put(h('p', { hidden: true }));
    } else if (m.author === 'system' && m.kind !== 'handed_over') { // the bot's own words
      node = put(h('p.line', { dir: 'auto' }, m.text));
    } else if (node) {
      node._waits = '';
      node.classList.remove('bad');
      node._note?.remove();
      node.querySelector('.b').replaceWith(drawWords(m));
      put(node);
    } else {
      const time = at.toLocaleTimeString(lang, { hour: '2-digit', minute: '2-digit' });
      node = put(bubble(m.author, customer ? { ...m, html: '' } : m, customer ? name : `${name} · ${time}`));
      if (!customer && from === name) node.firstChild.className = 'sr';
    }
    from = customer || node.className === 'line' ? '' : name;
    if (m.client_id) nodes.delete(m.client_id);
    nodes.set(m.seq, node);
    if (m.kind === 'clarify') addRow(node, 'options', 'options', [
      ...(m.options || []).map(o => sayer(o.question, { kind: 'choice', option: o.key })), sayer(t('none_of_these'), { kind: 'none_of_these' })]);
    else if (m.ask_helped) addRow(node, 'helped', 'helped', [h('span', {}, t('helped')),
      sayer(t('yes'), { kind: 'helped', value: true }), sayer(t('no'), { kind: 'helped', value: false })]);
  };

  /* A button that says something. */
  const sayer = (label, body) => h('button', { onclick: () => {
    talk._say(body, label);
    focus();
    down();
  } }, label);

  const addRow = (node, kind, label, parts) =>
    node.append(node._row = h(`div.row ${kind}`, { role: 'group', 'aria-label': t(label) }, ...parts));

  /* What waits is at the end; when it comes back from the server the same node stays. */
  const drawWaiting = open => {
    const items = talk._waiting.filter(item => item.failed != null || !QUIET.includes(item.kind));
    const ids = new Set(items.map(item => item.client_id));
    for (const node of [...log.children]) if (node._waits && !ids.has(node._waits)) { nodes.delete(node._waits); node.remove(); }
    for (const item of items) {
      let node = nodes.get(item.client_id);
      if (!node) {
        node = bubble('customer', { text: item.text ?? item.words }, t('you'));
        node._waits = item.client_id;
        node.append(node._note = h('div.state', { dir: 'auto' }));
        nodes.set(item.client_id, node);
        log.append(node);
        if (open) down();
      }
      drawNote(node, item);
    }
  };

  const drawNote = (node, item) => {
    const failed = item.failed != null;
    const words = failed ? `${t('failed')} ${item.failed}` : talk._sent.has(item.client_id) ? '' : item.note
      || (talk._offline || item.tries ? t('pending') : '');
    if (node._words === words) return;
    node._words = words;
    node.classList.toggle('bad', failed);
    node._note.ariaLive = item.file && !failed ? 'off' : null; // no percentages read out
    node._note.replaceChildren(words);
    if (!failed) return;
    const act = (name, how) => h('button', { onclick: () => { how(item); focus(true); } }, t(name));
    node._note.append(h('div.row', {}, act('retry', talk._retry), act('remove', talk._remove)));
  };

  /* Asked once for each time that it ended, below everything, and gone as soon as she goes on. */
  const drawRating = () => {
    const ended = talk._state.owner === 'closed' && talk._messages.findLast(m => m.kind === 'closed')?.seq;
    if (!(ended > store.get('rated'))) {
      rating?.remove();
      rating = null;
    } else if (!rating) log.append(rating = makeRating(talk, t, words => {
      store.set('rated', talk._last);
      if (words) note(words);
      drawRating();
      focus();
    }));
  };

  /* A line for her alone. */
  const note = words => {
    log.append(h('p.line', { 'data-seq': '' }, words)); // goes with the talk
    down();
  };

  /* Buttons count only while nothing came after them. */
  const settle = () => {
    const { owner } = talk._state, busy = talk._waiting.some(item => item.failed == null);
    const said = talk._messages.findLast(m => m.author === 'customer')?.seq || 0;
    for (const m of talk._messages.slice(-20)) {
      const row = nodes.get(m.seq)?._row;
      if (!row) continue;
      const idle = said > m.seq || busy || (!m.told && owner && owner !== m.author);
      row.querySelectorAll('button').forEach(button => { button.disabled = idle; });
      if (m.ask_helped) row.hidden = idle;
    }
  };

  log.onscroll = look;
  new ResizeObserver(() => { if (low) down(); }).observe(log);
  if (greeting) log.append(bubble('bot', { text: greeting }, t('bot')));
  addRow(log, 'options', 'launcher', suggestions.map(text => sayer(text, { text })));
  return { _draw: draw, _down: down, _note: note };
};
