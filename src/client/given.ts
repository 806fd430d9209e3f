/**
 * What callers give, checked where no compiler does: plain JavaScript, and values that came from elsewhere. What is in an input is judged by
 * its workflow.
 */

/** An input of any kind. @throws TypeError */
export function requireInput(input: unknown): asserts input is object {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return;
  throw new TypeError(`input: must be an object such as { connection, submit: { path } }, ${gotText(input)}`);
}

/** Of a workflow. @throws TypeError */
export function requireId(id: unknown): asserts id is string {
  if (typeof id === 'string' && id !== '') return;
  throw new TypeError(`id: must be a text that is not empty, ${gotText(id)}`);
}

/** @param known their names @throws TypeError */
export function requireOptions(options: unknown, known?: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`options: must be an object${known === undefined ? '' : ` of ${known.join(', ')}`}, ${gotText(options)}`);
  const strange = Object.keys(options).find((name) => known?.includes(name) === false);
  if (strange !== undefined) throw new TypeError(`options: "${strange}" is not a known one (known: ${String(known?.join(', '))})`);
}

/** @param fallback where the caller names none @throws TypeError */
export function secondsOf<T extends number | undefined>(options: { timeoutSeconds?: number } | undefined, fallback: T): number | T {
  if (options === undefined) return fallback;
  requireOptions(options);
  const { timeoutSeconds } = options;
  if (timeoutSeconds === undefined) return fallback;
  if (typeof timeoutSeconds === 'number' && timeoutSeconds >= 0) return timeoutSeconds;
  throw new TypeError(`timeoutSeconds: must be a number of seconds >= 0, ${gotText(timeoutSeconds)}`);
}

/** By its parts: it may be that of another copy of the package. @throws TypeError */
export function requireClient(client: unknown): void {
  if (typeof client === 'object' && client !== null && 'workflow' in client && 'schedule' in client) return;
  throw new TypeError('client: must be a Client of @temporalio/client; LroClient.connect() makes one');
}

/** One of some words. @throws TypeError */
export function requireWord(name: string, word: unknown, words: readonly string[]): void {
  if (word === undefined || words.includes(word as string)) return;
  throw new TypeError(`${name}: must be one of ${words.join(', ')}, ${gotText(word)}`);
}

function gotText(value: unknown): string {
  if (value === undefined) return 'but is missing';
  if (typeof value === 'string') return `got ${JSON.stringify(value.slice(0, 100))}`;
  if (Array.isArray(value)) return 'got a list';
  if (typeof value === 'number' || typeof value === 'boolean') return `got ${String(value)}`;
  return `got ${value === null ? 'null' : `a value of type ${typeof value}`}`;
}
