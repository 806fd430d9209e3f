/** Ways in which an answer of the service goes wrong: none says anything false of an operation, so each has to pass without harm. */
import type { Fault } from '../../src/emulator';
import type { Credentials } from './credentials';

const STATUS = { method: 'GET', path: '/operations/[^/:]+$' };
const SUBMIT = { method: 'POST', path: '^/(mapData|styles)$' };

const page = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>';
const busy = { error: { code: 'ServerBusy', message: 'too many at once' } };

const html = { 'content-type': 'text/html' };

const PLAIN: Record<string, Fault> = {
  'status: 503 with Retry-After': { match: STATUS, action: { answer: { httpStatus: 503, headers: { 'Retry-After': '4' }, body: busy } } },
  'status: 429 with Retry-After': { match: STATUS, action: { answer: { httpStatus: 429, headers: { 'Retry-After': '3' }, body: busy } } },
  'status: page of a gateway': { match: STATUS, action: { answer: { httpStatus: 200, headers: html, body: page } } },
  'status: body cut': { match: STATUS, action: { cutBody: 12 } },
  'status: connection cut': { match: STATUS, action: { cut: 'beforeAccept' } },
  'status: 2 MB too much': { match: STATUS, action: { hugeBody: { bytes: 2_000_000 } } },
  'status: endless': { match: STATUS, action: { endlessBody: { bytesPerSecond: 20_000 } } },
  'status: drop by drop': { match: STATUS, action: { drip: { bytesPerSecond: 60 } } },
  'submit: 503 with Retry-After': { match: SUBMIT, action: { answer: { httpStatus: 503, headers: { 'Retry-After': '2' }, body: busy } } },
  'submit: 429 with Retry-After': { match: SUBMIT, action: { answer: { httpStatus: 429, headers: { 'Retry-After': '2' }, body: busy } } },
  'submit: cut before it is taken': { match: SUBMIT, action: { cut: 'beforeAccept' } },
  'submit: cut after it is taken': { match: SUBMIT, action: { cut: 'afterAccept' } },
  'submit: 502 after it is taken': { match: SUBMIT, action: { answerAfterAccept: { httpStatus: 502, headers: html, body: page } } },
  'submit: late': { match: SUBMIT, delayMs: 2500, waitAt: 'afterAccept' },
  'submit: body of a 202 cut': { match: SUBMIT, action: { cutBody: 9 } },
};

/** Which requests of a kind carry the key, and which the token: an answer repeats what its own request has brought. */
const WITH_KEY = 'subscription-key=';
const WITH_TOKEN = '^(?!.*subscription-key=)';

/** By name. Some repeat the credentials of the request that they answer. */
export function garbles({ key, token }: Credentials): Record<string, Fault> {
  return { ...PLAIN, ...repeating('key', WITH_KEY, key), ...repeating('token', WITH_TOKEN, token) };
}

function repeating(what: string, query: string, secret: string): Record<string, Fault> {
  const text = `${secret} was seen by https://gateway.example/?key=${encodeURIComponent(secret)}`;
  const error = { error: { code: 'X', message: text } };
  return {
    [`status: 500 that repeats the ${what}`]: { match: { ...STATUS, query }, action: { answer: { httpStatus: 500, body: error } } },
    [`status: broken JSON with the ${what}`]: {
      match: { ...STATUS, query },
      action: { answer: { httpStatus: 200, body: `{"status":"Runn ${secret}` } },
    },
    [`status: no status, but the ${what}`]: { match: { ...STATUS, query }, action: { answer: { httpStatus: 200, body: { note: text } } } },
    [`status: the ${what} in the body`]: { match: { ...STATUS, query }, action: { changeBody: { merge: { note: text } } } },
    [`submit: 500 that repeats the ${what}`]: { match: { ...SUBMIT, query }, action: { answer: { httpStatus: 500, body: error } } },
  };
}
