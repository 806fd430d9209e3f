/** The key and the token of the service, which are exchanged while the system runs. Each is a canary: nothing but the service may keep it. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Credentials {
  /** In the query. */
  key: string;
  /** After `Authorization: Bearer`. */
  token: string;
}

export class CredentialFiles {
  /** All that ever were, the one in use last. */
  readonly all: Credentials[] = [];

  constructor(private readonly folder: string) {
    this.write(this.make());
  }

  get keyFile(): string {
    return join(this.folder, 'key');
  }

  get tokenFile(): string {
    return join(this.folder, 'token');
  }

  get current(): Credentials {
    const last = this.all.at(-1);
    if (last === undefined) throw new Error('no credentials were made');
    return last;
  }

  /** New ones, that nobody knows yet. */
  make(): Credentials {
    return { key: `canary-key-${randomBytes(24).toString('base64url')}`, token: `canary.token.${randomBytes(48).toString('base64url')}` };
  }

  /** Puts them where workers read them, at once and whole. */
  write(credentials: Credentials): void {
    this.all.push(credentials);
    for (const [path, secret] of [
      [this.keyFile, credentials.key],
      [this.tokenFile, credentials.token],
    ] as const) {
      writeFileSync(`${path}.new`, secret, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    }
  }
}
