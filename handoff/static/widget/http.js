/* Asking the server. What it refuses is thrown as {status, detail}: the detail is in words for the customer. */
import { BASE } from './base.js';

export const isGone = p => p.status === 404 || p.status === 401;
export const isFinal = p => p.status >= 400 && p.status < 500 && ![408, 425, 429].includes(p.status);

const headersOf = talk =>
  ({ 'Accept-Language': talk.language, ...(talk.access && { Authorization: `Bearer ${talk.access.token}` }) });

export const call = async (talk, path, body, more) => {
  let answer, value;
  try {
    answer = await fetch(`${BASE}/api/v1${path}`, {
      method: body ? 'POST' : 'GET', cache: 'no-store', credentials: 'omit', body: body && JSON.stringify(body),
      headers: { ...headersOf(talk), ...(body && { 'Content-Type': 'application/json' }), ...more },
      signal: AbortSignal.timeout(talk.pace.timeout),
    });
    if (answer.status !== 204) value = await answer.json().catch(e => { if (answer.ok) throw e; });
  } catch { answer = {}; }
  talk.offline = !answer.status;
  if (answer.ok) talk.fails = 0;
  else {
    const { status = 0, headers } = answer, detail = value?.detail;
    const problem = { status, detail: detail?.trim ? detail : '', after: headers?.get('Retry-After') };
    if (!isFinal(problem)) talk.fails++;
    talk.onchange();
    throw problem;
  }
  return value;
};

/* A new conversation: with the same key it is the same one. */
export const begin = (talk, key) =>
  call(talk, '/conversations', { language: talk.language, page_url: location.origin + location.pathname }, { 'Idempotency-Key': key });

/* A file, with the share that has gone so far: fetch cannot tell that. */
export const send = (talk, path, file, onshare) => new Promise((done, fail) => {
  const way = new XMLHttpRequest(), body = new FormData();
  body.append('file', file);
  way.open('POST', `${BASE}/api/v1${path}`);
  for (const [name, value] of Object.entries(headersOf(talk))) way.setRequestHeader(name, value);
  way.responseType = 'json';
  way.upload.onprogress = e => onshare(e.loaded / e.total);
  way.onloadend = () => way.status > 199 && way.status < 300 ? done() : fail(way.response || {});
  way.send(body);
});
