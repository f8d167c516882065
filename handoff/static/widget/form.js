/* A form with what goes wrong said in it, and two buttons. */
import { h } from './base.js';

/* The form, and what says a problem in it. `act` sends, `stop` is what the second button, called `no`, does. A field that
   is described by the problem ('why') has the focus then. */
export const makeForm = (t, act, no, stop, ...fields) => {
  const error = h('p.error', { role: 'alert' });
  const say = ({ detail }) => {
    error.textContent = detail || t('again');
    form.querySelector('[aria-describedby]')?.focus();
  };
  const form = h('form', { noValidate: true, onsubmit: async e => {
    e.preventDefault();
    error.textContent = '';
    try { await act(); } catch (problem) { say(problem); }
  } }, ...fields, error, h('div.row', {},
    h('button.send', {}, t('send')), h('button', { type: 'button', onclick: stop }, t(no))));
  return [form, say, error];
};
