/**
 * References in the steps of a chain: `{{steps.<id>.<field>}}` in any text of a step's request.
 *
 * Keeps true:
 * 1. Whatever stands between double braces is a reference; one that is not known is a mistake, never a text.
 * 2. What comes out of a service's answer is encoded in paths and URLs, unless it is their beginning. What has become of them is judged
 *    again like a caller's own (`lro/paths.ts`).
 * 3. What is filled in is bounded: a short text that names a long value a thousand times is refused.
 */
import type { AttachRequest, ChainStep, Json, StepMade } from '../contract';
import { wellFormed } from '../lro/text';

const FIELDS = ['resourceId', 'resourceLocation', 'operationId', 'body'] as const;
type Field = (typeof FIELDS)[number];

const BRACES = /\{\{([^{}]*)\}\}/g;
const WHOLE = /^\{\{([^{}]*)\}\}$/;
const REFERENCE = /^\s*steps\.([A-Za-z0-9][\w-]*)\.(\w+)((?:\.[\w-]+)*)\s*$/;

/** Of all that is filled into one step, in characters. */
const MAX_FILLED_CHARS = 1_048_576;

interface Reference {
  step: string;
  field: Field;
  /** Into the body. */
  path: string[];
}

/** A reference whose step made no such thing, or too much of it. */
export class MissingValueError extends Error {
  override readonly name = 'MissingValueError';
}

/** The parts of a step that may hold references. */
export type Referring = Pick<ChainStep, 'submit' | 'attach'>;

/** What is wrong with the references of a step, each with the field it stands in. @param earlier ids of the steps before it */
export function referenceMistakes(step: Referring, earlier: readonly string[], later: readonly string[]): string[] {
  return textsOf({ submit: step.submit, attach: step.attach }, '').flatMap(({ at, text }) =>
    [...text.matchAll(BRACES)].flatMap(([written, inner = '']) => {
      const read = parse(inner);
      const problem = typeof read === 'string' ? read : placeProblem(read.step, earlier, later);
      return problem === undefined ? [] : [`${at}: ${written} ${problem}`];
    }),
  );
}

/** Ids of the steps whose body a step refers to. */
export function bodiesNeededBy(step: Referring): string[] {
  return textsOf({ submit: step.submit, attach: step.attach }, '').flatMap(({ text }) =>
    [...text.matchAll(BRACES)].flatMap(([, inner = '']) => {
      const read = parse(inner);
      return typeof read !== 'string' && read.field === 'body' ? [read.step] : [];
    }),
  );
}

/**
 * The request of a step, with what earlier steps have made in place of its references.
 * @throws MissingValueError
 */
export function resolved(step: Referring, made: Readonly<Record<string, StepMade>>): Referring {
  let chars = 0;
  return filled(step, (inner) => {
    const value = lookUp(inner, made);
    chars += textOf(value).length;
    if (chars > MAX_FILLED_CHARS) throw new MissingValueError(`references: must fill in at most ${MAX_FILLED_CHARS} characters`);
    return value;
  });
}

/** The request of a step as it might be once its references are known: to check the rest of it. @param sampleLocation of a resource */
export function sample(step: Referring, sampleLocation: string): Referring {
  return filled(step, (inner) => {
    const read = parse(inner);
    return typeof read !== 'string' && read.field === 'resourceLocation' ? sampleLocation : '0';
  });
}

function filled({ submit, attach }: Referring, valueOf: (inner: string) => Json): Referring {
  const fill = <T>(value: T): T => fillIn(value as Json, valueOf) as T;
  return {
    ...(submit === undefined ? {} : { submit: { ...fill(submit), path: filledPath(submit.path, valueOf) } }),
    ...(attach === undefined ? {} : { attach: { ...fill(attach), ...filledUrls(attach, valueOf) } }),
  };
}

/** A path that begins with a location is one; elsewhere what is filled in is one segment, or one value of the query. */
function filledPath(path: string, valueOf: (inner: string) => Json): string {
  return filledText(path, valueOf, (field) => field === 'resourceLocation');
}

/** URLs that begin with a reference are what it names; elsewhere as in paths. */
function filledUrls({ statusUrl, requestUrl }: AttachRequest, valueOf: (inner: string) => Json): Partial<AttachRequest> {
  const fill = (url: string): string => filledText(url, valueOf, () => true);
  return { statusUrl: fill(statusUrl), ...(requestUrl === undefined ? {} : { requestUrl: fill(requestUrl) }) };
}

/** @param mayBegin whether a value of this field stands as it is at the beginning */
function filledText(text: string, valueOf: (inner: string) => Json, mayBegin: (field: Field) => boolean): string {
  return text.replace(BRACES, (_, inner: string, offset: number) => {
    const read = parse(inner);
    const value = textOf(valueOf(inner));
    return offset === 0 && typeof read !== 'string' && mayBegin(read.field) ? value : encodeURIComponent(wellFormed(value));
  });
}

function fillIn(value: Json, valueOf: (inner: string) => Json): Json {
  if (typeof value === 'string') {
    const whole = WHOLE.exec(value)?.[1];
    return whole === undefined ? value.replace(BRACES, (_, inner: string) => textOf(valueOf(inner))) : valueOf(whole);
  }
  if (Array.isArray(value)) return value.map((item) => fillIn(item, valueOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, fillIn(field, valueOf)]));
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** @returns what is wrong with it, where it is none */
function parse(inner: string): Reference | string {
  const [, step, field, path = ''] = REFERENCE.exec(inner) ?? [];
  if (step === undefined) return 'is not a reference: {{steps.<id>.<field>}}';
  const known = FIELDS.find((name) => name === field);
  if (known === undefined) return `names an unknown field (known: ${FIELDS.join(', ')})`;
  if (known !== 'body' && path !== '') return `: ${known} has no parts`;
  return { step, field: known, path: path.split('.').slice(1) };
}

function placeProblem(step: string, earlier: readonly string[], later: readonly string[]): string | undefined {
  if (earlier.includes(step)) return undefined;
  return later.includes(step) ? 'names a step that does not come before it' : 'names a step that the chain does not have';
}

function lookUp(inner: string, made: Readonly<Record<string, StepMade>>): Json {
  const read = parse(inner);
  if (typeof read === 'string') throw new MissingValueError(`{{${inner}}} ${read}`);
  const { step, field, path } = read;
  let value: Json | undefined = Object.hasOwn(made, step) ? made[step]?.[field] : undefined;
  for (const name of path) {
    const isInside = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    value = isInside ? (value as Record<string, Json>)[name] : undefined;
  }
  if (value === undefined) throw new MissingValueError(`{{${inner.trim()}}}: step "${step}" has given no ${[field, ...path].join('.')}`);
  return value;
}

/** Every text in a value, with the field it stands in. */
function textsOf(value: unknown, at: string): { at: string; text: string }[] {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => textsOf(field, at === '' ? name : `${at}.${name}`));
}
