/**
 * Secrets that this process has resolved never stand in what it says.
 *
 * Keeps true: once a value was given to `learn`, no text that went through `clean` holds it, however URLs, HTML or the JSON of any
 * framework spell it.
 */

/** Shorter secrets are not searched for in answers, where they would cut words of the service to pieces. */
const MIN_LENGTH_IN_ANSWERS = 8;

interface Learnt {
  secret: string;
  spelled: RegExp;
}

export class Redactor {
  /** Every secret seen so far, longest first, so that no part of one remains. */
  private learnt: Learnt[] = [];

  /** From now on `secret` is masked, however it is spelled. Old values stay masked. */
  learn(secret: string): void {
    if (secret === '' || this.learnt.some((known) => known.secret === secret)) return;
    const spelled = new RegExp(Array.from(secret, spellings).join(''), 'g');
    this.learnt = [...this.learnt, { secret, spelled }].sort((left, right) => right.secret.length - left.secret.length);
  }

  /** `text` with every secret as `***`: for reasons, messages and logs. */
  clean(text: string): string {
    return this.learnt.reduce((cleaned, { spelled }) => cleaned.replace(spelled, '***'), text);
  }

  /** The same for what a service sent: one that echoes the request would carry the secret into the workflow's history. */
  cleanAnswer(text: string): string {
    return this.learnt.reduce(
      (cleaned, { secret, spelled }) => (secret.length < MIN_LENGTH_IN_ANSWERS ? cleaned : cleaned.replace(spelled, '***')),
      text,
    );
  }
}

/**
 * Every way to write a character: itself, `\/` and `\u002B` in JSON (.NET writes `+` so), `%2b` in a URL, `+` for a blank in a form,
 * `&amp;` and `&#43;` in HTML.
 */
function spellings(char: string): string {
  const itself = char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const units = Array.from({ length: char.length }, (_, index) => `\\\\+u${hex(char.charCodeAt(index), 4)}`);
  const bytes = Array.from(Buffer.from(char), (byte) => `%${hex(byte, 2)}`);
  const code = char.codePointAt(0) ?? 0;
  const name = HTML_NAMES[char];
  return `(?:${[
    /\w/.test(char) ? itself : `\\\\*${itself}`,
    units.join(''),
    bytes.join(''),
    `&#0*${code};`,
    `&#[xX]0*${hex(code, 1)};`,
    ...(char === ' ' ? ['\\+'] : []),
    ...(name === undefined ? [] : [`&${name};`]),
  ].join('|')})`;
}

const HTML_NAMES: Partial<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

/** Pattern of a number in hexadecimal digits of either case. */
function hex(value: number, digits: number): string {
  return value
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
