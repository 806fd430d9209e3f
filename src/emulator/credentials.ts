/** Checks credentials, if the emulator's options have keys or tokens. */
import { Refusal } from './answer';
import type { EmulatorSettings } from './options';
import type { Service } from './service';
import type { ServiceRequest } from './service-request';

/** A service that never answers, but throws a 401 refusal for requests without valid credentials. */
export function credentialCheck(settings: EmulatorSettings): Service {
  return (request) => {
    const isOpen = settings.subscriptionKeys.length === 0 && settings.tokens.length === 0;
    if (isOpen || hasKey(settings, request) || hasToken(settings, request)) return Promise.resolve(undefined);
    const unauthorized = new Refusal(401, 'Unauthorized', 'Access denied due to a missing or invalid subscription key or token.');
    unauthorized.answer.headers = { 'WWW-Authenticate': 'Bearer, jwt-sas' };
    return Promise.reject(unauthorized);
  };
}

function hasKey(settings: EmulatorSettings, request: ServiceRequest): boolean {
  const key = request.query.get('subscription-key') ?? request.headers['subscription-key'];
  return typeof key === 'string' && settings.subscriptionKeys.includes(key);
}

function hasToken(settings: EmulatorSettings, request: ServiceRequest): boolean {
  const token = /^(?:bearer|jwt-sas) +(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token !== undefined && settings.tokens.includes(token);
}
