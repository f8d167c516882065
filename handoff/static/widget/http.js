/* Asking the server. What it refuses is thrown as {status, detail}: the detail is in words for the customer. */
import { BASE, pace } from './base.js';

export const isFinal = p => p.status >= 400 && p.status < 500 && ![408, 425, 429].includes(p.status);

const headersOf = talk =>
  ({ 'Accept-Language': talk._language, ...(talk._access && { Authorization: `Bearer ${talk._access.token}` }) });

export const call = async (talk, path, body, more) => {
  let answer, value;
  try {
    answer = await fetch(`${BASE}/api/v1${path}`, {
      method: body ? 'POST' : 'GET', cache: 'no-store', credentials: 'omit', body: body && JSON.stringify(body),
      headers: { ...headersOf(talk), ...(body && { 'Content-Type': 'application/json' }), ...more },
      signal: AbortSignal.timeout(pace.timeout),
    });
    if (answer.status !== 204) value = await answer.json().catch(e => { if (answer.ok) throw e; });
  } catch { answer = {}; }
  talk._offline = !answer.status;
  if (answer.ok) talk._fails = 0;
  else {
    const { status = 0, headers } = answer, detail = value?.detail;
    const problem = { status, detail: detail?.trim ? detail : '', after: headers?.get('Retry-After') };
    if (!isFinal(problem)) talk._fails++;
    if (status === 401) talk._onrefused(problem.detail); // who she is, by the shop's word
    talk._onchange();
    throw problem;
  }
  return value;
};

/* A new conversation: with the same key it is the same one. */
export const begin = (talk, key) =>
  call(talk, '/conversations', { language: talk._language, page_url: location.origin + location.pathname, identity_token: talk._identity },
    { 'Idempotency-Key': key });

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
