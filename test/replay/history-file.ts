/**
 * Histories as JSON files. The SDK's own `historyToJSON` throws in this version ("type must be a Type": its packages bring two copies of
 * protobufjs), so bytes are written as `{ "base64": … }` and 64-bit integers as numbers, which the SDK takes as they are.
 */

/** @param change of every named value, before it is written */
export function toText(history: object, change: (name: string, value: unknown) => unknown): string {
  const plain = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    if (isLong(value)) return value.toNumber();
    const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
    return Object.fromEntries(fields.map(([name, field]) => [name, plain(change(name, field))]));
  };
  return `${JSON.stringify(plain(history), undefined, 1)}\n`;
}

export function fromText(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => (isBytes(value) ? Buffer.from(value.base64, 'base64') : value));
}

function isLong(value: object): value is { toNumber(): number } {
  return 'toNumber' in value && typeof value.toNumber === 'function';
}

function isBytes(value: unknown): value is { base64: string } {
  return typeof value === 'object' && value !== null && 'base64' in value && Object.keys(value).length === 1;
}
