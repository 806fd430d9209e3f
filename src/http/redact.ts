/**
 * Secrets that this process has resolved never stand in what it says.
 *
 * Keeps true: once a value was given to `learn`, no text that went through `clean` holds it, neither raw nor URL-encoded.
 */

/** Shorter secrets are not searched for in answers, where they would cut words of the service to pieces. */
const MIN_LENGTH_IN_ANSWERS = 8;

export class Redactor {
  /** Every form of every secret seen so far, longest first, so that no part of one remains. */
  private forms: string[] = [];

  /** From now on `secret` is masked, also where it stands URL-encoded or inside JSON. Old values stay masked. */
  learn(secret: string): void {
    if (secret === '' || this.forms.includes(secret)) return;
    const encoded = encodeURIComponent(secret);
    const inJson = JSON.stringify(secret).slice(1, -1);
    const all = new Set([
      ...this.forms,
      secret,
      encoded,
      encoded.replaceAll('%20', '+'),
      new URLSearchParams({ v: secret }).toString().slice(2),
      inJson,
    ]);
    this.forms = [...all].sort((left, right) => right.length - left.length);
  }

  /** `text` with every secret as `***`: for reasons, messages and logs. */
  clean(text: string): string {
    return this.forms.reduce((cleaned, form) => cleaned.replaceAll(form, '***'), text);
  }

  /** The same for what a service sent: one that echoes the request would carry the secret into the workflow's history. */
  cleanAnswer(text: string): string {
    return this.forms.reduce((cleaned, form) => (form.length < MIN_LENGTH_IN_ANSWERS ? cleaned : cleaned.replaceAll(form, '***')), text);
  }
}
