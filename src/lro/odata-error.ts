/**
 * What a person is told of a service's error. [protocol.md section 1; OData v4 JSON §19]
 *
 * The headline stands at the top, the useful text most often at the bottom: `details` is one object in Creator's document and an array
 * in its specification, and a real failed conversion has no top-level message at all. So both are told, and each text once.
 *
 * Keeps true: bounded work and length whatever the depth or breadth, and the error itself is never changed here.
 */
import type { Json, JsonObject } from '../contract';
import { fieldsOf } from './body';
import { oneLine, wellFormed } from './text';

const MAX_NODES = 2000;
const MAX_TEXTS = 5;
const MAX_MESSAGE_CHARS = 1000;
/** JSON inside messages is read so often, and no longer than this. */
const MAX_INNER_DOCUMENTS = 20;
const MAX_INNER_CHARS = 65_536;

/** All names in lower case: some services write them in capitals. OData and ASP.NET; ARM and ADF; problem details [RFC 9457]; OAuth. */
const MESSAGE_FIELDS = ['message', 'errormessage', 'statusmessage', 'detail', 'title', 'error_description'];
const CODE_FIELDS = ['code', 'errorcode'];
/** Where more of an error stands. */
const CHILD_FIELDS = [
  'error',
  'errors',
  'odata.error',
  'failurereason',
  'details',
  'errordetails',
  'moredetails',
  'innererror',
  'innererrors',
];
/** Where services put the reason, besides `error`: at the top of a body, or below one of these. */
const REASON_FIELDS = ['error', 'odata.error', 'errors', 'failurereason', 'statusmessage', 'errordetails', 'statusdetails', 'reason'];
const REASON_PLACES = ['properties', 'analyzeresult', 'result', 'response'];

/** One text of an error, with the text above it. */
interface Said {
  code?: string;
  message: string;
  above?: Said;
  hasBelow?: true;
}

/** `code: headline → code: deepest text; code: another`, or `undefined` where the error has no text and no code. */
export function errorMessage(error: Json | undefined): string | undefined {
  if (typeof error === 'number') return String(error);
  const { said, codes } = collect(error);
  const [headline] = said;
  if (headline === undefined) return codes.length === 0 ? undefined : listed(codes);
  const deepest = said.filter((one) => one.hasBelow !== true && one !== headline);
  const seen = new Set([headline.message]);
  const news = deepest.filter(({ message }) => !seen.has(message) && !isQuotedIn(headline, message) && seen.add(message));
  const text = news.length === 0 ? shownText(headline) : joined(headline, news);
  return wellFormed(text.slice(0, MAX_MESSAGE_CHARS));
}

/** Texts side by side have no headline among them; one that stands above others leads to them. */
function joined(headline: Said, below: Said[]): string {
  if (headline.hasBelow === true) return `${shownText(headline)} → ${listed(below.map(shownText))}`;
  return listed([headline, ...below].map(shownText));
}

/** Headlines often repeat their reason; a short word may be in any text. */
function isQuotedIn({ message }: Said, text: string): boolean {
  return text.length >= 12 && message.includes(text);
}

function listed(texts: string[]): string {
  const more = texts.length > MAX_TEXTS ? `; and ${texts.length - MAX_TEXTS} more` : '';
  return `${texts
    .slice(0, MAX_TEXTS)
    .map((text) => oneLine(text))
    .join('; ')}${more}`;
}

function shownText({ code, message }: Said): string {
  return oneLine(code === undefined ? message : `${code}: ${message}`);
}

/** All texts of an error, level by level; and the codes of the deepest level that has any, which are told where there is no text at all. */
function collect(error: Json | undefined): { said: Said[]; codes: string[] } {
  const said: Said[] = [];
  let codes: string[] = [];
  let level: { node: Json; above?: Said }[] = error === undefined ? [] : [{ node: error }];
  let documents = 0;
  for (let seen = 0; level.length > 0 && seen < MAX_NODES;) {
    const next: typeof level = [];
    const bare: string[] = [];
    for (const { node, above } of level) {
      if (++seen > MAX_NODES) break;
      if (Array.isArray(node)) {
        for (const item of node.slice(0, MAX_NODES)) next.push({ node: item, above });
        continue;
      }
      const fields = typeof node === 'string' ? { message: node } : lowerFields(node);
      const code = CODE_FIELDS.map((name) => scalar(fields[name])).find((text) => text !== undefined);
      const written = MESSAGE_FIELDS.map((name) => messageOf(fields[name])).find((text) => text !== undefined);
      const { text, document } = documents < MAX_INNER_DOCUMENTS ? withoutDocument(written) : { text: written };
      let here = above;
      if (text !== undefined) {
        here = { code, message: text, above };
        for (let over = above; over !== undefined && over.hasBelow !== true; over = over.above) over.hasBelow = true;
        said.push(here);
      } else if (code !== undefined) bare.push(code);
      if (document !== undefined) {
        documents++;
        next.push({ node: document, above: here });
      }
      for (const child of childrenOf(fields)) next.push({ node: child, above: here });
    }
    if (bare.length > 0) codes = bare;
    level = next;
  }
  return { said, codes };
}

function* childrenOf(fields: JsonObject): Generator<Json> {
  for (const name of CHILD_FIELDS) {
    const child = fields[name];
    // ASP.NET's validation errors: { "errors": { "Field": ["is required"] } }.
    if (name === 'errors' && typeof child === 'object' && child !== null && !Array.isArray(child)) {
      yield Object.values(child).slice(0, MAX_NODES);
    }
    if (typeof child === 'object' && child !== null) yield child;
    // A text is one only where a list or an object is usual.
    else if (name === 'error' && typeof child === 'string' && child.trim() !== '') yield child;
  }
}

/** A text, or OData 3's `{ lang, value }`. */
function messageOf(value: Json | undefined): string | undefined {
  return scalar(value) ?? scalar(fieldsOf(value)['value']);
}

/** Some services put a whole JSON document into a message, behind some words or alone. */
function withoutDocument(message: string | undefined): { text?: string; document?: Json } {
  const start = message?.search(/[[{]/) ?? -1;
  if (message === undefined || start < 0 || message.length > MAX_INNER_CHARS || !/[\]}]\s*$/.test(message)) return { text: message };
  try {
    const document = JSON.parse(message.slice(start)) as Json;
    const text = message.slice(0, start).trim();
    return text === '' ? { document } : { text, document };
  } catch {
    return { text: message };
  }
}

/**
 * The error of a body, wherever the service puts it: `error`, `errors`, `failureReason`, `odata.error`, the same below `properties` and
 * `analyzeResult`, or the body itself where it looks like one. The first that has a text, else the first there is.
 */
export function errorOf(body: Json | undefined): Json | undefined {
  const top = lowerFields(body);
  const places = [top, ...REASON_PLACES.map((name) => lowerFields(top[name]))];
  const found = places.flatMap((fields) => REASON_FIELDS.map((name) => fields[name])).filter(saysSomething);
  if ([...CODE_FIELDS, ...MESSAGE_FIELDS].some((name) => messageOf(top[name]) !== undefined) && body !== undefined) found.push(body);
  return found.find((error) => collect(error).said.length > 0) ?? found[0];
}

/** Whether the top of a body holds an error: `error`, `errors` or `failureReason`, not null, not empty, its `code` not `None`. */
export function standsBesideError(body: Json | undefined): boolean {
  const fields = lowerFields(body);
  return ['error', 'errors', 'failurereason'].some((name) => saysSomething(fields[name]));
}

function saysSomething(error: Json | undefined): error is Json {
  if (error === undefined || error === null || error === '' || error === false) return false;
  if (typeof error !== 'object') return true;
  if (Array.isArray(error)) return error.length > 0;
  const fields = lowerFields(error);
  return Object.keys(fields).length > 0 && !/^\s*none\s*$/i.test(codeOf(error) ?? '');
}

/** The `code` of an error. */
export function codeOf(error: Json | undefined): string | undefined {
  const fields = lowerFields(error);
  return CODE_FIELDS.map((name) => scalar(fields[name])).find((text) => text !== undefined);
}

/** The fields of an object by their names in lower case; the first of two that differ in case alone. */
function lowerFields(value: Json | undefined): JsonObject {
  const fields: JsonObject = Object.create(null) as JsonObject;
  const object = fieldsOf(value);
  for (const name of Object.keys(object).slice(0, MAX_NODES)) {
    const field = object[name];
    if (field !== undefined) fields[name.toLowerCase()] ??= field;
  }
  return fields;
}

function scalar(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
