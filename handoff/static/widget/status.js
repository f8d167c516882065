/* Below the talk: who has it, the place in the queue, what was promised, and the ways on. */
import { BASE, h, icon, tell } from './base.js';

export const makeCard = (t, leave, contact) => {
  const button = (name, onclick) => h('button', { onclick }, t(name));
  const card = {
    _status: h('div', { role: 'status' }),
    _promise: h('p'), // not read out: the talk has a row that says the same
    _contact: button('contact', () => contact(card._kind)),
    _stay: button('stay', () => {
      card._stays = true;
      leave();
    }),
    _leave: button('leave_queue', () => leave(true)),
  };
  card._node = h('div', {}, card._status, card._promise, h('div.row', {}, card._contact, card._stay, card._leave));
  return card;
};

export const drawCard = (card, talk, t) => {
  const { owner, queue, promise, transcript } = talk._state, queued = owner === 'queue', offer = queued && queue?.leave;
  card._stays &&= queued;
  const loud = ['closed', 'long'].includes(offer) && !card._stays, asked = promise?.needs_address;
  const lines = [];
  if (talk._offline) lines.push(t('offline'));
  if (talk._anew) lines.push(t('started_anew'));
  if (queued) lines.push(...wait(queue, t), t(loud ? 'choice' : 'keep_typing'));
  const [line = '', ...more] = lines, text = more.join(' ');
  tell(card._status, line + text, ...line ? [h('p', {}, line), h('p', {}, text)] : []);
  card._promise.textContent = promise?.words || '';
  card._kind = asked ? 'address' : owner === 'closed' && transcript ? 'transcript' : offer && 'contact';
  card._contact.hidden = !card._kind;
  card._contact.className = loud || asked ? '' : 'link';
  card._contact.textContent = t(asked ? 'give_email' : card._kind);
  card._stay.hidden = !loud;
  card._leave.hidden = !queued || talk._waiting.some(item => item.kind === 'leave_queue');
  card._node.className = line || promise ? 'card' : '';
};

const wait = (queue, t) => {
  if (!queue) return [t('queued')];
  const { position, wait, leave } = queue, ordinal = t('ordinals').split(',')[position - 1];
  const line = ordinal ? t('queue_ordinal', { ordinal }) : t('queue_place', { position });
  if (!wait) return leave === 'closed' ? [line] : [line, t('wait_unknown')];
  const low = Math.floor(wait.low_s / 60) || 1, high = Math.ceil(wait.high_s / 60);
  return [line, t(high < 2 ? 'wait_soon' : low >= high ? 'wait_about' : 'wait_range', { low, high })];
};

export const drawHead = (ui, talk, t) => {
  const { owner, agent_name, agent_face, bot_busy } = talk._state;
  const name = owner === 'agent' && (agent_name || t('agent')), who = name ? t('with_agent', { name }) : t('bot');
  const face = name && agent_face;
  if (ui._who.textContent !== who || ui._shown !== face) {
    ui._shown = face;
    ui._who.textContent = who;
    const initial = name ? [...name][0] : icon('chat'), show = child => ui._face.replaceChildren(child);
    show(face ? h('img', { alt: '', onerror: () => show(initial), src: BASE + face }) : initial);
  }
  ui._end.hidden = !talk._access || owner === 'closed' || !owner;
  const typing = owner === 'bot' ? bot_busy && t('typing') : name && talk._typist && t('agent_typing', { name: talk._typist });
  tell(ui._typing, typing || '', ...typing ? [h('div.row', {}, h('i'), h('i'), h('i'), typing)] : []);
};
