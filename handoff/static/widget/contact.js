/* Leaving an e-mail address or a number: a form in a dialog of its own. */
import { h, newId } from './base.js';

const typed = {}; // by type of field, while the page is open: closing the form loses nothing

/* With `only` an e-mail address is asked for and nothing else. `done` is called once it was left. */
export const leaveAddress = (root, talk, t, only, done) => {
  let offer, id, from = '';
  const when = h('fieldset', { hidden: true }, h('legend', {}, t('contact_how')));
  const name = h('span'), error = h('p', { className: 'error', id: 'why', role: 'alert' });
  const input = h('input', { 'aria-describedby': 'why', oninput: () => {
    typed[input.type] = input.value;
    id = newId();
  } });
  const field = h('label', {}, name, input);
  const choose = value => {
    from = value;
    const type = input.type = input.autocomplete = from ? 'tel' : 'email';
    name.textContent = t(type);
    input.value = typed[type] ?? offer?.[from ? 'phone' : type] ?? '';
    field.hidden = !only && !from && offer?.mail === false; // the answer is read here
    id = newId();
  };
  const choice = (value, words) => {
    const checked = !when.children[1];
    when.append(h('label', { className: 'choice' }, h('input', { type: 'radio', name: 'when', checked, onchange: () => choose(value) }), words));
    if (checked) choose(value);
  };
  const form = h('form', { noValidate: true, onsubmit: async e => {
    e.preventDefault();
    error.textContent = '';
    try {
      if (!offer) return await load();
      const email = input.value;
      await talk.ask(...only ? ['address', { email }] : ['contact', from
        ? { client_id: id, kind: 'call', phone: email, from_at: from } : { client_id: id, kind: 'answer', email }]);
      box.close('done');
    } catch (problem) { say(problem); }
  } }, when, field, error, h('div', { className: 'row' },
    h('button', { className: 'send' }, t('send')), h('button', { type: 'button', onclick: () => box.close() }, t('cancel'))));
  const say = ({ detail }) => {
    error.textContent = detail || t('again');
    input.focus();
  };
  const load = async () => {
    offer = only ? {} : await talk.ask('contact');
    const { answer, calls = [] } = offer;
    when.replaceChildren(when.firstChild);
    if (answer) choice('', t('contact_answer', answer));
    for (const call of calls) choice(call.from_at, t('contact_call', call));
    when.hidden = only;
    if (!input.value) when.querySelector('input')?.focus();
  };
  const box = h('dialog', { className: 'card sure', 'aria-labelledby': 'contact', onclose: () => {
    box.remove();
    if (box.returnValue) done();
  } }, h('h2', { id: 'contact' }, t(only ? 'email' : 'contact')), form);
  root.append(box);
  choose('');
  box.showModal();
  input.focus();
  load().catch(say);
};
