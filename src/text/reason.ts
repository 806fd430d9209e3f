/** What a thrown value says, for messages to people. Workflow code has its own, which looks behind what Temporal wraps (`workflows/failures.ts`). */

/** An error's message, or its name where it has none; any other value as text. */
export function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message || err.name : String(err);
}

const NOT_LISTENING: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has this port',
  EACCES: 'this user may not listen at this port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name cannot be resolved',
};

/** Why nobody can listen at an address: `another process has this port (EADDRINUSE)`. */
export function whyNotListening(err: unknown): string {
  const code = codeOf(err);
  const why = NOT_LISTENING[code];
  return why === undefined ? code : `${why} (${code})`;
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be read by this user',
  ENOTDIR: 'is not below a folder',
};

/** Why a file cannot be read, as a clause: `does not exist`. */
export function whyUnreadable(err: unknown): string {
  const code = codeOf(err);
  return UNREADABLE[code] ?? `cannot be read (${code})`;
}

/** The text of a file that people write. @returns undefined where it is in another encoding, such as the UTF-16 of some editors */
export function utf8TextOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\u0000') ? undefined : text;
  } catch {
    return undefined;
  }
}

function codeOf(err: unknown): string {
  // By shape, not by class: errors of node's core have another `Error` than code that runs in a context of its own.
  const code = typeof err === 'object' && err !== null && 'code' in err ? err.code : undefined;
  return typeof code === 'string' ? code : 'unknown error';
}
