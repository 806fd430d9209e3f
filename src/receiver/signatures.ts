/**
 * Whether a call is signed as the connection says that its service signs.
 *
 * Keeps true: without a secret nothing is right; signatures are compared in constant time; nothing of the call is in what comes out.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { WebhookSignature } from '../config';
import { CredentialsError, Secret } from '../transport/secrets';

/** `unknown`: a secret cannot be had now, so that nobody knows. */
export type Verdict = 'right' | 'wrong' | 'unknown';

export class Signatures {
  private readonly secrets: readonly Secret[];

  constructor(
    private readonly signature: WebhookSignature,
    env: NodeJS.ProcessEnv,
  ) {
    this.secrets = signature.secrets.map((ref) => new Secret(ref, env));
  }

  /** @param body as it came, byte for byte */
  async verdict(headers: IncomingHttpHeaders, body: Buffer): Promise<Verdict> {
    let isOneMissing = false;
    for (const secret of this.secrets) {
      try {
        if (isSigned(this.signature, await secret.value(), headers, body)) return 'right';
      } catch (err) {
        if (!(err instanceof CredentialsError)) throw err;
        isOneMissing = true;
      }
    }
    return isOneMissing ? 'unknown' : 'wrong';
  }
}

function isSigned(signature: WebhookSignature, secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean {
  return signature.type === 'standard' ? isStandard(secret, headers, body) : isHmac(signature, secret, headers, body);
}

/** [Standard Webhooks 1.0.0, "Verifying webhook authenticity"]: of id, time and body; not older or newer than five minutes. */
function isStandard(secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const given = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
  // The library reads a number from the beginning of any text.
  if (!/^\d{1,15}$/.test(given['webhook-timestamp'] ?? '')) return false;
  try {
    new Webhook(secret).verify(body, given, { jsonParse: false });
    return true;
  } catch {
    // The library has no other way to say no, and says so of a secret that is none, too.
    return false;
  }
}

function isHmac(
  { header, algorithm, encoding, prefix }: Extract<WebhookSignature, { type: 'hmac' }>,
  secret: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): boolean {
  const given = headers[header.toLowerCase()];
  if (typeof given !== 'string' || !given.startsWith(prefix)) return false;
  const written = given.slice(prefix.length).trim();
  const digest = createHmac(algorithm, secret).update(body).digest();
  const claimed = Buffer.from(written, encoding);
  // Decoding drops what is no digit: only a text of the right length was read whole.
  const isWhole = encoding === 'hex' ? written.length === 2 * digest.length : written.length === Math.ceil(digest.length / 3) * 4;
  return isWhole && claimed.length === digest.length && timingSafeEqual(claimed, digest);
}
