/**
 * The short way of a status read: at the connection's own origin, with nothing of the caller's. It is what a worker sends thousands of times,
 * so what is the same for all of them is made once, and no URL is parsed.
 *
 * Keeps true: what is sent is what the long way (`dispatcher.ts`) would send; whatever only a parser of URLs knows goes the long way.
 */
import type { ConnectionConfig } from '../config';
import type { Agents } from '../transport/agents';
import type { ReadTarget } from '../transport/read';
import { parameterText, withQuery } from './address';
import { NOTHING, type AppliedCredentials } from './credentials';
import { CLIENT_REQUEST_ID, type OutgoingRequest } from './request';

/** Characters that no parser of URLs changes, in path and query. */
const UNCHANGED = /^[\w\-.~!$&()*+,;=:@%/?]+$/;
/** Segments that a parser resolves (`.`, `..`, however they are written). */
const RESOLVED = /\/(\.|%2e)/i;
/** A name in the query that is written with escapes, or holds a `?`. */
const ESCAPED_NAME = /[?&][^=&?]*[%+?]/;
/** What separates parameters, where there is no query. */
const AMPERSAND_IN_PATH = /^[^?]*&/;

const SLASH = 0x2f;

/** A query parameter that is appended where it is absent, whatever its value. */
interface AddedParameter {
  text: string;
  present: RegExp;
}

/** What credentials add to a read. */
interface Added {
  secret: string;
  headers: readonly string[];
  query: readonly AddedParameter[];
}

/** Where a read goes. */
export type PlainTarget = Pick<ReadTarget, 'isSecure' | 'hostname' | 'port' | 'agent' | 'path' | 'headers'>;

export class PlainReads {
  private readonly origin: string;
  private readonly place: Pick<ReadTarget, 'isSecure' | 'hostname' | 'port' | 'agent'>;
  /** Sent with every read. */
  private readonly headers: Readonly<Record<string, string>>;
  private readonly query: readonly AddedParameter[];
  /** What may not stand in a URL that gets the connection's credentials. */
  private readonly cut: RegExp | undefined;
  /** What the latest credentials add. */
  private added: Added;

  /** @param headers of the connection and its own ones, names in lower case @param kept its sockets */
  constructor(config: ConnectionConfig, headers: Readonly<Record<string, string>>, kept: Agents) {
    const base = new URL(config.protocol.trust.baseUrl);
    const isSecure = base.protocol === 'https:';
    this.origin = base.origin;
    // As Node's own URL objects are handed to it: without the brackets of an IPv6 address.
    const hostname = base.hostname.replace(/^\[|\]$/g, '');
    this.place = { isSecure, hostname, port: base.port === '' ? undefined : base.port, agent: isSecure ? kept.https : kept.http };
    this.headers = { host: base.host, 'accept-encoding': 'gzip, deflate, br', ...headers };
    this.query = parametersOf(config.query);
    const { credentialParameters, statusUrls } = config.protocol;
    // A URL that carries its own credentials keeps them.
    this.cut = statusUrls.credentials && credentialParameters.length > 0 ? named(credentialParameters) : undefined;
    this.added = this.addedBy(NOTHING);
  }

  /** The URL of the read, without credentials; undefined: the long way. */
  urlOf({ purpose, method, url, headers, cookies, body, bodyTo, callbackUrl, freshConnection }: OutgoingRequest): string | undefined {
    if (purpose !== 'status' || method !== 'GET' || body !== undefined || bodyTo !== undefined || callbackUrl !== undefined)
      return undefined;
    if (freshConnection === true || (cookies !== undefined && cookies.length > 0) || !isEmpty(headers)) return undefined;
    const { origin } = this;
    if (!url.startsWith(origin) || url.charCodeAt(origin.length) !== SLASH) return undefined;
    const path = url.slice(origin.length);
    if (
      !UNCHANGED.test(path) ||
      RESOLVED.test(path) ||
      ESCAPED_NAME.test(path) ||
      AMPERSAND_IN_PATH.test(path) ||
      this.cut?.test(path) === true
    )
      return undefined;
    return withAll(url, this.query);
  }

  /** @param url of {@link urlOf} @param clientRequestId of this read */
  targetOf(url: string, applied: AppliedCredentials, clientRequestId: string): PlainTarget {
    const { isSecure, hostname, port, agent } = this.place;
    if (this.added.secret !== applied.secret) this.added = this.addedBy(applied);
    const path = withAll(url, this.added.query).slice(this.origin.length);
    return { isSecure, hostname, port, agent, path, headers: [...this.added.headers, CLIENT_REQUEST_ID, clientRequestId] };
  }

  private addedBy({ secret, headers, parameters }: AppliedCredentials): Added {
    return { secret, headers: Object.entries({ ...this.headers, ...headers }).flat(), query: parametersOf(parameters) };
  }
}

function isEmpty(headers: Readonly<Record<string, string>> | undefined): boolean {
  for (const _ in headers) return false;
  return true;
}

function parametersOf(parameters: Readonly<Record<string, string>>): AddedParameter[] {
  return Object.entries(parameters).map(([name, value]) => ({
    text: parameterText(name, value),
    present: named([name]),
  }));
}

/** Finds a parameter of one of these names in a query without escapes in its names. */
function named(names: readonly string[]): RegExp {
  return new RegExp(`[?&](${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})(=|&|$)`, 'i');
}

function withAll(url: string, parameters: readonly AddedParameter[]): string {
  let whole = url;
  for (const { text, present } of parameters) {
    if (!present.test(url)) whole = withQuery(whole, text);
  }
  return whole;
}
