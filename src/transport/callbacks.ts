/**
 * Secret URLs at which services call back, one for each operation.
 *
 * Keeps true:
 * 1. A URL is made of what names the operation and the secret alone: every worker and every try makes the same, and any receiver can tell
 *    whose it is without a store.
 * 2. Nobody without the secret can make one; whether it is right is compared in constant time.
 * 3. All of them begin with one half that is secret, too: wherever a text has it, the rest of the URL can be found and masked.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecretRef, WebhooksConfig } from '../config';
import { CredentialsError } from './secrets';

/** Which operation a call is about. */
export interface CallbackTarget {
  /** The workflow that waits: of an item of a batch, its shard. All its runs are meant. */
  workflowId: string;
  /** Of that workflow, or of the batch: another workflow that gets the id later is not meant. */
  firstRunId: string;
  connection: string;
  /** Which of the workflow's jobs. */
  key: string;
  /** Of a chain: each of its steps is an operation of its own. */
  step?: string | undefined;
}

const MARK_BYTES = 18;
/** Beyond the longest workflow id, in Base64, and all the rest. */
const MAX_TOKEN_CHARS = 8192;
const TOKEN = /^([\w-]{24})\.([\w-]+)\.([\w-]{43})$/;

export class Callbacks {
  private readonly signers: readonly [Signer, ...Signer[]];

  /** @param secrets the first one makes URLs, all of them are taken */
  constructor(
    private readonly publicUrl: string,
    secrets: readonly [string, ...string[]],
  ) {
    const [first, ...former] = secrets;
    this.signers = [new Signer(first), ...former.map((secret) => new Signer(secret))];
  }

  /** The beginnings of all tokens: secrets, after which the rest of one stands. */
  get marks(): string[] {
    return this.signers.map(({ mark }) => mark);
  }

  /** Where the service of this operation calls back: the same at every call. Plain ASCII, of characters that no encoding changes. */
  urlOf(target: CallbackTarget): string {
    return `${this.publicUrl}/${this.signers[0].tokenOf(target)}`;
  }

  /** Whose call it is; undefined where the token was not made with one of the secrets. */
  targetOf(token: string): CallbackTarget | undefined {
    const [, , payload] = token.length <= MAX_TOKEN_CHARS ? (TOKEN.exec(token) ?? []) : [];
    if (payload === undefined || !this.signers.some((signer) => signer.made(token, payload))) return undefined;
    const [workflowId, firstRunId, connection, key, step] = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as [
      string,
      string,
      string,
      string,
      string?,
    ];
    return { workflowId, firstRunId, connection, key, step };
  }
}

class Signer {
  readonly mark: string;

  constructor(private readonly secret: string) {
    this.mark = this.digest('durable-lro callback mark 1').subarray(0, MARK_BYTES).toString('base64url');
  }

  tokenOf({ workflowId, firstRunId, connection, key, step }: CallbackTarget): string {
    const named = [workflowId, firstRunId, connection, key, ...(step === undefined ? [] : [step])];
    return this.withPayload(Buffer.from(JSON.stringify(named)).toString('base64url'));
  }

  made(token: string, payload: string): boolean {
    const [given, own] = [Buffer.from(token), Buffer.from(this.withPayload(payload))];
    return given.length === own.length && timingSafeEqual(given, own);
  }

  private withPayload(payload: string): string {
    return `${this.mark}.${payload}.${this.digest(`durable-lro callback 1\n${payload}`).toString('base64url')}`;
  }

  private digest(text: string): Buffer {
    return createHmac('sha256', this.secret).update(text).digest();
  }
}

/** With the secrets as they are now. @throws CredentialsError where one can no longer be had */
export function openCallbacks({ publicUrl, secret, formerSecrets }: WebhooksConfig, env: NodeJS.ProcessEnv = process.env): Callbacks {
  return new Callbacks(publicUrl, [secretAt(secret, env), ...formerSecrets.map((ref) => secretAt(ref, env))]);
}

function secretAt(ref: SecretRef, env: NodeJS.ProcessEnv): string {
  const text = 'env' in ref ? env[ref.env] : contentOf(ref.file);
  const value = text?.trim() ?? '';
  if (value === '') throw new CredentialsError('a secret of "webhooks" in the worker\'s file is no longer there');
  return value;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
