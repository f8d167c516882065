/* Leaving an e-mail address or a number, or having the talk mailed: a form in a dialog of its own. */
import { h, newId, radio } from './base.js';
import { makeForm } from './form.js';

const typed = {}; // by type of field, while the page is open: closing the form loses nothing

/* `kind`: contact, or an address alone, for a promise ("address") or to mail the talk to ("transcript"). `done` is called
   once it was left. */
export const leaveAddress = (root, talk, t, kind, done) => {
  let offer, id, from = '';
  const full = kind === 'contact';
  const when = h('fieldset', { hidden: true }, h('legend', {}, t('contact_how')));
  const name = h('span'), input = h('input', { 'aria-describedby': 'why', oninput: () => {
    typed[input.type] = input.value;
    id = newId();
  } });
  const field = h('label', {}, name, input);
  const choose = value => {
    from = value;
    const type = input.type = input.autocomplete = from ? 'tel' : 'email';
    name.textContent = t(type);
    input.value = typed[type] ?? offer?.[from ? 'phone' : type] ?? '';
    field.hidden = full && !from && offer?.mail === false; // the answer is read here
    id = newId();
  };
  const choice = (value, words) => {
    const checked = !when.children[1];
    when.append(radio('when', value, words, { checked, onchange: () => choose(value) }));
    if (checked) choose(value);
  };
  const load = async () => {
    offer = kind === 'address' ? {} : await talk._ask('contact');
    const { answer, calls } = offer;
    choose('');
    when.replaceChildren(when.firstChild);
    when.hidden = !full;
    if (!full) return;
    if (answer) choice('', t('contact_answer', answer));
    for (const call of calls) choice(call.from_at, t('contact_call', call));
    if (!input.value) when.querySelector('input')?.focus();
  };
  const [form, say, error] = makeForm(t, async () => {
    if (!offer && (await load(), full)) return; // how it is to go is still to be chosen
    const value = input.value;
    await talk._ask(kind, from
      ? { client_id: id, kind: 'call', phone: value, from_at: from } : { client_id: id, kind: 'answer', email: value });
    box.close('done');
  }, 'cancel', () => box.close(), when, field);
  error.id = 'why';
  const box = h('dialog.card sure', { 'aria-labelledby': 'contact', onclose: () => {
    box.remove();
    if (box.returnValue) done();
  } }, h('h2', { id: 'contact' }, t(kind === 'address' ? 'email' : kind)), form);
  root.append(box);
  choose('');
  box.showModal();
  input.focus();
  load().catch(say);
};
