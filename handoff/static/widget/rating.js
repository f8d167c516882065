/* What she thought of it, once it is over: would she recommend us, was it solved, a few words. */
import { h, radio } from './base.js';
import { makeForm } from './form.js';

/* `done` is called with thanks once it was sent, and with nothing where she skips it. */
export const makeRating = (talk, t, done) => {
  const group = (kind, legend, ...choices) => h(`fieldset.row ${kind}`, {}, h('legend', {}, legend), ...choices);
  const [form] = makeForm(t, async () => {
    await talk._ask('rating', Object.fromEntries(new FormData(form)));
    done(t('thanks'));
  }, 'skip', () => done(),
  group('score', t('rate'), ...Array.from({ length: 11 }, (_, n) => radio('score', n, n))),
  group('', t('solved'), radio('solved', true, t('yes')), radio('solved', false, t('no'))),
  h('label', {}, t('words'), h('input', { name: 'words', maxLength: 500 })));
  form.className = 'card';
  form.ariaLive = 'off'; // not read out with the talk, which it stands in
  return form;
};
