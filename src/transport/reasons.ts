/** Why no answer came, in words for people. Nothing here repeats a path, a query or a header. */

const REASONS: Record<string, (host: string) => string> = {
  ECONNREFUSED: (host) => `connection refused by ${host}`,
  ECONNRESET: (host) => `connection to ${host} was closed without an answer`,
  EPIPE: (host) => `connection to ${host} was closed while sending`,
  ENOTFOUND: (host) => `host name of ${host} does not exist`,
  EAI_AGAIN: (host) => `host name of ${host} could not be resolved now`,
  EHOSTUNREACH: (host) => `${host} cannot be reached`,
  ENETUNREACH: (host) => `the network of ${host} cannot be reached`,
  ETIMEDOUT: (host) => `connecting to ${host} took too long`,
  HPE_HEADER_OVERFLOW: (host) => `the answer's headers of ${host} are larger than this worker reads (1 MiB)`,
};

/** A failure of the transport, by its code where that is known. */
export function reasonOf(error: unknown, host: string): string {
  // By shape, not by class: errors of node's core have another `Error` than code that runs in a context of its own.
  const { code, message = '' } = (
    typeof error === 'object' && error !== null ? error : { message: String(error) }
  ) as Partial<NodeJS.ErrnoException>;
  const known = code === undefined ? undefined : REASONS[code];
  if (known !== undefined) return known(host);
  if (code?.startsWith('HPE_') === true) return `${host} did not answer in HTTP (${code})`;
  const firstLine = (message.split('\n')[0] ?? '').slice(0, 300);
  if (code?.startsWith('ERR_SSL') === true || code === 'EPROTO' || message.includes('SSL routines'))
    return `TLS with ${host} failed (${code ?? 'handshake'})`;
  if (code !== undefined && /CERT|SIGNATURE|ERR_TLS|ISSUER|CRL/.test(code))
    return `TLS with ${host} failed: ${firstLine === '' ? '' : `${firstLine} `}(${code})`;
  return `request to ${host} failed: ${firstLine === '' ? (code ?? 'unknown error') : firstLine}`;
}
