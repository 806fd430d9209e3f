/**
 * Names of headers and query parameters that carry credentials or belong to the transport.
 *
 * Keeps true: a name on these lists is accepted neither in the file's `headers` and `query` nor in a caller's request.
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

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`);

/** Whether `name` carries credentials. `own` is the header in which this connection sends its key, if it does. */
export function isCredentialHeader(name: string, own?: string): boolean {
  const lower = name.toLowerCase();
  return CREDENTIAL_HEADERS.has(lower) || lower === own?.toLowerCase();
}

/** Whether somebody on the way may take `name` for the method, host, path or sender of the request. */
export function isOverrideHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return OVERRIDE_HEADERS.has(lower) || OVERRIDE_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/** Whether only the transport may set `name`. */
export function isTransportHeader(name: string): boolean {
  return TRANSPORT_HEADERS.has(name.toLowerCase());
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
