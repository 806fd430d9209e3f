/**
 * Names of headers and query parameters that carry credentials or belong to the transport.
 *
 * Keeps true:
 * 1. A name on these lists is accepted neither in the file's `headers` and `query` nor in a caller's request.
 * 2. Names are judged as the most forgiving server reads them: CGI and its heirs take `_` and `-` in a header's name for one character.
 */

/** In lower case. Credentials have their place in `auth`. */
const CREDENTIAL_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'subscription-key',
  'ocp-apim-subscription-key',
  'api-key',
  'x-api-key',
  'x-functions-key',
  'x-ms-authorization-auxiliary',
]);

/** In lower case. Query parameters that carry credentials whatever the connection's `auth` says: refused in the file's `query`. */
export const CREDENTIAL_PARAMETERS: readonly string[] = ['subscription-key', 'ocp-apim-subscription-key', 'api-key', 'access_token'];

/** Cut from every URL of every connection: Azure Maps knows its key by this name, and somebody may paste a URL that has it. */
export const ALWAYS_CUT_PARAMETERS: readonly string[] = ['subscription-key'];

/** Set by the transport alone: another value would break the framing of the request or the reading of its answer [RFC 9110 §7.6.1, RFC 9112 §6]. */
const TRANSPORT_HEADERS = new Set([
  'host',
  'connection',
  'proxy-connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

/**
 * In lower case. Servers, gateways and clouds take them for the method, host, path or sender of the request, or let them into what only
 * the machine itself may ask (metadata services).
 */
const OVERRIDE_HEADERS = new Set([
  'forwarded',
  'via',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-method',
  'x-original-url',
  'x-original-uri',
  'x-original-path',
  'x-original-host',
  'x-rewrite-url',
  'x-rewrite-uri',
  'x-override-url',
  'x-host',
  'x-http-host-override',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'client-ip',
  'x-remote-addr',
  'x-url-scheme',
  'x-scheme',
  'x-waws-unencoded-url',
  'front-end-https',
  'metadata',
  'metadata-flavor',
  'secret',
  'x-google-metadata-request',
  'x-aws-ec2-metadata-token',
  'x-aws-ec2-metadata-token-ttl-seconds',
  'x-identity-header',
]);
const OVERRIDE_PREFIXES = ['x-forwarded-', 'x-envoy-', 'x-arr-', 'x-ms-client-principal'];

/**
 * Query parameters that frameworks take for the method of a POST, folded as {@link isOverrideParameter} does [Laravel, Symfony, Spring, WordPress and
 * Express: `_method`; ASP.NET MVC and the gateways of Google APIs: the header's name].
 */
const OVERRIDE_PARAMETERS = new Set(['-method', '-http-method', 'x-http-method', 'x-http-method-override', 'x-method-override']);
/** Nobody encodes a name more often than this for a good reason. */
const MAX_DECODINGS = 4;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`);

/** Whether `name` carries credentials. `own` is the header in which this connection sends its key, if it does. */
export function isCredentialHeader(name: string, own?: string): boolean {
  const header = headerName(name);
  return CREDENTIAL_HEADERS.has(header) || (own !== undefined && header === headerName(own));
}

/** Whether somebody on the way may take `name` for the method, host, path or sender of the request. */
export function isOverrideHeader(name: string): boolean {
  const header = headerName(name);
  return OVERRIDE_HEADERS.has(header) || OVERRIDE_PREFIXES.some((prefix) => header.startsWith(prefix));
}

/**
 * Whether a framework may take the query parameter `name` (decoded once) for the method of the request. PHP trims names and reads `.`, `[` and
 * blanks as `_`.
 */
export function isOverrideParameter(name: string): boolean {
  let plain = name;
  for (let decodings = 0; decodings < MAX_DECODINGS && plain.includes('%'); decodings++) {
    plain = plain.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  const read = plain.replace(/[\u0000-\u001f\u007f]/g, '').trim();
  return OVERRIDE_PARAMETERS.has(read.replace(/[ ._[]/g, '-').toLowerCase());
}

/** A header's name as servers compare it. */
export function headerName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** Whether only the transport may set `name`. */
export function isTransportHeader(name: string): boolean {
  return TRANSPORT_HEADERS.has(headerName(name));
}

/** A header's or parameter's name that HTTP can carry [RFC 9110 §5.6.2, token]. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

/** A header value that HTTP can carry: no control characters but tab, nothing beyond latin-1 [RFC 9110 §5.5]. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value);
}

/** A media type with its parameters, as `Content-Type` takes it [RFC 9110 §8.3.1]. A value of one of its parameters may be quoted. */
export function isMediaType(value: string): boolean {
  return MEDIA_TYPE.test(value);
}
