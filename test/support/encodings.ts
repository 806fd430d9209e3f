/** How services write what they echo. */

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
const byteInUrl = (byte: number): string => `%${hex(byte, 2)}`;
const everyByteInUrl = (text: string): string => Array.from(Buffer.from(text), byteInUrl).join('');
export const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);
const eachUnit = (text: string, write: (code: number) => string): string =>
  Array.from({ length: text.length }, (_, index) => write(text.charCodeAt(index))).join('');

/** Encodings of whole texts, of which each character is written by itself, by name. */
export const BY_CHARACTER: Record<string, (text: string) => string> = {
  raw: (text) => text,
  url: encodeURIComponent,
  'url in small letters': (text) => encodeURIComponent(text).replace(/%../g, (escape) => escape.toLowerCase()),
  'url, every character': everyByteInUrl,
  form: (text) => new URLSearchParams({ v: text }).toString().slice(2),
  json: jsonText,
  'json of php': (text) => jsonText(text).replaceAll('/', '\\/'),
  'json of .net': (text) =>
    eachUnit(text, (code) => (/\w/.test(String.fromCharCode(code)) ? String.fromCharCode(code) : `\\u${hex(code, 4)}`)),
  'json, every character': (text) => eachUnit(text, (code) => `\\u${hex(code, 4).toUpperCase()}`),
  'html by name': (text) =>
    text.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[char] ?? char),
  'html in decimals': (text) => eachUnit(text, (code) => `&#${code};`),
  'html in hexadecimals': (text) => eachUnit(text, (code) => `&#x000${hex(code, 2).toUpperCase()};`),
  'utf-16, small end first': (text) => Buffer.from(text, 'utf16le').toString('utf8'),
  'utf-16, big end first': (text) => Buffer.from(text, 'utf16le').swap16().toString('utf8'),
  'capital letters': (text) => text.replace(/[a-z]/g, (char) => char.toUpperCase()),
  'small letters': (text) => text.replace(/[A-Z]/g, (char) => char.toLowerCase()),
};
/** `text` in one encoding, that in the next, and so on. */
export const encode = (text: string, with_: readonly string[]): string =>
  with_.reduce((written, name) => (BY_CHARACTER[name] as (text: string) => string)(written), text);
