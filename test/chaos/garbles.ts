/** Ways in which an answer of the service goes wrong: none says anything false of an operation, so each has to pass without harm. */
import type { Fault } from '../../src/emulator';

const STATUS = { method: 'GET', path: '/operations/[^/:]+$' };
const SUBMIT = { method: 'POST', path: '^/(mapData|styles)$' };

const page = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>';
const busy = { error: { code: 'ServerBusy', message: 'too many at once' } };

/** By name. What is repeated of the credentials is in it where `echoed` is. */
export function garbles(echoed: string): Record<string, Fault> {
  const text = `the key ${echoed} was seen by https://gateway.example/?subscription-key=${encodeURIComponent(echoed)}`;
  const html = { 'content-type': 'text/html' };
  return {
    'status: 500 that repeats the key': {
      match: STATUS,
      action: { answer: { httpStatus: 500, body: { error: { code: 'X', message: text } } } },
    },
    'status: 503 with Retry-After': { match: STATUS, action: { answer: { httpStatus: 503, headers: { 'Retry-After': '4' }, body: busy } } },
    'status: 429 with Retry-After': { match: STATUS, action: { answer: { httpStatus: 429, headers: { 'Retry-After': '3' }, body: busy } } },
    'status: page of a gateway': { match: STATUS, action: { answer: { httpStatus: 200, headers: html, body: page } } },
    'status: no JSON': { match: STATUS, action: { answer: { httpStatus: 200, body: `{"status":"Runn ${echoed}` } } },
    'status: no status': { match: STATUS, action: { answer: { httpStatus: 200, body: { note: text } } } },
    'status: body cut': { match: STATUS, action: { cutBody: 12 } },
    'status: connection cut': { match: STATUS, action: { cut: 'beforeAccept' } },
    'status: key in the body': { match: STATUS, action: { changeBody: { merge: { note: text } } } },
    'status: 2 MB too much': { match: STATUS, action: { hugeBody: { bytes: 2_000_000 } } },
    'status: endless': { match: STATUS, action: { endlessBody: { bytesPerSecond: 20_000 } } },
    'status: drop by drop': { match: STATUS, action: { drip: { bytesPerSecond: 60 } } },
    'submit: 503 with Retry-After': { match: SUBMIT, action: { answer: { httpStatus: 503, headers: { 'Retry-After': '2' }, body: busy } } },
    'submit: 429 with Retry-After': { match: SUBMIT, action: { answer: { httpStatus: 429, headers: { 'Retry-After': '2' }, body: busy } } },
    'submit: cut before it is taken': { match: SUBMIT, action: { cut: 'beforeAccept' } },
    'submit: cut after it is taken': { match: SUBMIT, action: { cut: 'afterAccept' } },
    'submit: 502 after it is taken': { match: SUBMIT, action: { answerAfterAccept: { httpStatus: 502, headers: html, body: page } } },
    'submit: 500 that repeats the key': {
      match: SUBMIT,
      action: { answer: { httpStatus: 500, body: { error: { code: 'X', message: text } } } },
    },
    'submit: late': { match: SUBMIT, delayMs: 2500, waitAt: 'afterAccept' },
    'submit: body of a 202 cut': { match: SUBMIT, action: { cutBody: 9 } },
  };
}
