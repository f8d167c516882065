/* Below the talk: who has it, the place in the queue, what was promised, and the ways on. */
import { h, icon } from './base.js';

export const makeCard = (t, leave, contact) => {
  const button = (name, onclick) => h('button', { onclick }, t(name));
  const card = {
    status: h('div', { role: 'status' }),
    promise: h('p'), // not read out: the talk has a row that says the same
    contact: button('contact', contact),
    stay: button('stay', () => {
      card.stays = true;
      leave();
    }),
    leave: button('leave_queue', () => leave(true)),
  };
  card.node = h('div', {}, card.status, card.promise, h('div', { className: 'row' }, card.contact, card.stay, card.leave));
  return card;
};

export const drawCard = (card, talk, t) => {
  const { owner, queue, promise } = talk.state, queued = owner === 'queue', offer = queued && queue?.leave;
  card.stays &&= queued;
  const loud = ['closed', 'long'].includes(offer) && !card.stays, asked = promise?.needs_address;
  const lines = [];
  if (talk.offline) lines.push(t('offline'));
  if (talk.anew) lines.push(t('started_anew'));
  if (queued) lines.push(...wait(queue, t), t(loud ? 'choice' : 'keep_typing'));
  const [line, ...more] = lines, text = more.join(' ');
  if (card.status.textContent !== (line || '') + text) card.status.replaceChildren(...line ? [h('p', {}, line), h('p', {}, text)] : []);
  card.promise.textContent = promise?.words || '';
  card.contact.hidden = !offer && !asked;
  card.contact.className = loud || asked ? '' : 'link';
  card.contact.textContent = t(asked ? 'give_email' : 'contact');
  card.stay.hidden = !loud;
  card.leave.hidden = !queued || talk.waiting.some(item => item.kind === 'leave_queue');
  card.node.className = line || promise ? 'card' : '';
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
  const { owner, agent_name, bot_busy } = talk.state;
  const name = owner === 'agent' && (agent_name || t('agent')), who = name ? t('with_agent', { name }) : t('bot');
  if (ui.who.textContent !== who) {
    ui.who.textContent = who;
    ui.face.replaceChildren(name ? [...name][0] : icon('chat'));
  }
  ui.end.hidden = !talk.access || owner === 'closed' || !owner;
  const typing = owner === 'bot' ? bot_busy && t('typing') : name && talk.typist && t('agent_typing', { name: talk.typist });
  if (ui.typing.textContent !== (typing || ''))
    ui.typing.replaceChildren(...typing ? [h('div', { className: 'row' }, h('i'), h('i'), h('i'), typing)] : []);
};
