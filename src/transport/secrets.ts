/** Resolves secret references at the moment of use, so that a rotated secret is used from the next request on. */
import { readFile, stat } from 'node:fs/promises';
import { isHeaderValue, type SecretRef } from '../config';

/** The worker's own credentials cannot be had. The message holds no secret. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/** Longer ones are no credentials: no server reads a header of this size. */
const MAX_SECRET_CHARS = 16_384;

/** `value`, when it can be sent as credentials. `name` says where it comes from. @throws CredentialsError, which does not repeat it */
export function checkedSecret(value: string, name: string): string {
  if (value.length > MAX_SECRET_CHARS)
    throw new CredentialsError(`${name} is longer than credentials can be (${MAX_SECRET_CHARS} characters)`);
  if (!isHeaderValue(value)) throw new CredentialsError(`${name} holds characters that credentials cannot have`);
  return value;
}

/** One secret. */
export class Secret {
  private read: { value: string; version: string; writtenAtMs: number } | undefined;

  /** As it was written, and as it is used. */
  private last: { text: string | undefined; value: string } | undefined;

  constructor(
    private readonly ref: SecretRef,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** When the file was written from which it was read last; undefined: not from a file, or not yet. */
  get writtenAtMs(): number | undefined {
    return this.read?.writtenAtMs;
  }

  /**
   * Its value now. A file is read again when it has changed, or when `anew` is set.
   * @throws CredentialsError
   */
  async value(anew = false): Promise<string> {
    const text = 'env' in this.ref ? this.env[this.ref.env] : await this.fromFile(this.ref.file, anew);
    if (this.last === undefined || this.last.text !== text) this.last = { text, value: this.checked(text) };
    return this.last.value;
  }

  private checked(text: string | undefined): string {
    const name = 'env' in this.ref ? `environment variable ${this.ref.env}` : `file ${this.ref.file}`;
    const value = text?.trim() ?? '';
    if (value === '') throw new CredentialsError(`${name}, which holds credentials, is empty or not set`);
    return checkedSecret(value, name);
  }

  private async fromFile(path: string, anew: boolean): Promise<string> {
    try {
      const { mtimeMs, size, ino, dev } = await stat(path);
      const version = [mtimeMs, size, ino, dev].join();
      if (anew || this.read?.version !== version) this.read = { value: await readFile(path, 'utf8'), version, writtenAtMs: mtimeMs };
      return this.read.value;
    } catch (error) {
      throw new CredentialsError(
        `file ${path}, which holds credentials, cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      );
    }
  }
}
