/** Decides which requests go wrong, and bends real answers. */
import { v4 as uuid } from 'uuid';
import type { Answer, HeaderValues } from './answer';
import { fillTemplates, withHeader, withoutHeader } from './answer';
import type { ActiveFault, Bends, Fault, LiteralAnswer } from './fault-schema';
import { faultSchema } from './fault-schema';
import { preciseNowMs } from './operation';
import type { ServiceRequest } from './service-request';
import type { Store } from './store';

const setting = 'faults';

export class Faults {
  private active: ActiveFault[];

  constructor(private readonly store: Store) {
    this.active = (store.setting(setting) as ActiveFault[] | undefined) ?? [];
  }

  add(fault: Fault): ActiveFault {
    const added = { ...faultSchema.parse(fault), id: uuid(), seen: 0, used: 0 };
    this.active.push(added);
    this.save();
    return added;
  }

  all(): ActiveFault[] {
    return this.active;
  }

  /** Removes one, or all. */
  remove(id?: string): void {
    this.active = id === undefined ? [] : this.active.filter((fault) => fault.id !== id);
    this.save();
  }

  /** The first fault that hits this request. Every call counts as one request. */
  next(request: ServiceRequest): ActiveFault | undefined {
    for (const fault of this.active) {
      if (!matches(fault, request)) continue;
      fault.seen += 1;
      const hit = fault.seen > fault.skip && (fault.times === 0 || fault.used < fault.times);
      if (hit) fault.used += 1;
      this.save();
      if (hit) return fault;
    }
    return undefined;
  }

  private save(): void {
    this.store.setSetting(setting, this.active);
  }
}

function matches({ match }: ActiveFault, request: ServiceRequest): boolean {
  return (
    (match.method === undefined || match.method.toUpperCase() === request.method) &&
    (match.path === undefined || new RegExp(match.path).test(request.path)) &&
    (match.query === undefined || new RegExp(match.query).test(request.queryText))
  );
}

/** An answer of a fault or a script, with its templates filled in. */
export function literalAnswer(literal: LiteralAnswer, origin: string, base?: string): Answer {
  const { httpStatus, headers, body, rawBody } = fillTemplates(literal, { origin, base, nowMs: preciseNowMs() });
  return { httpStatus, headers, body, rawBody: rawBody === undefined ? undefined : Buffer.from(rawBody, 'base64') };
}

/** Changes headers and body; how the body goes over the wire is the sender's part. */
export function bend(answer: Answer, bends: Bends, origin: string, base?: string): Answer {
  const { changeHeaders, changeBody, hugeBody, manyHeaders } = fillTemplates(bends, { origin, base, nowMs: preciseNowMs() });
  const bent: Answer = { ...answer };
  for (const name of changeHeaders?.remove ?? []) bent.headers = withoutHeader(bent.headers, name);
  for (const [name, value] of Object.entries(changeHeaders?.set ?? {})) bent.headers = withHeader(bent.headers, name, value);
  if (changeBody?.merge !== undefined) bent.body = mergeInto(bent.body, changeBody.merge);
  if (changeBody !== undefined && 'replace' in changeBody) bent.body = changeBody.replace;
  if (changeBody !== undefined) bent.rawBody = bent.bodyFile = undefined;
  if (hugeBody !== undefined) bent.body = mergeInto(bent.body, { [hugeBody.jsonField ?? 'filler']: 'x'.repeat(hugeBody.bytes) });
  if (manyHeaders !== undefined) bent.headers = { ...bent.headers, ...fillers(manyHeaders.count, manyHeaders.bytesEach ?? 100) };
  return bent;
}

function mergeInto(body: unknown, fields: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = isObject(body) ? { ...body } : {};
  for (const [name, value] of Object.entries(fields)) {
    result[name] = isObject(value) && isObject(result[name]) ? mergeInto(result[name], value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function fillers(count: number, bytesEach: number): HeaderValues {
  return Object.fromEntries(Array.from({ length: count }, (_unused, index) => [`x-filler-${index}`, 'x'.repeat(bytesEach)]));
}
