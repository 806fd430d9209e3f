/**
 * Reads one item as it is written (in the input, a manifest, or an earlier batch's report).
 *
 * Keeps true: whatever is written there becomes an item or a list of mistakes, never an error.
 */
import type {
  BatchItem,
  FailureDetails,
  FailureType,
  ItemInput,
  ItemKind,
  ItemOutcome,
  ItemReport,
  Json,
  JsonObject,
  OperationFields,
} from '../contract';
import { ITEM_KINDS } from '../contract';
import { nearest } from '../config/suggest';
import type { Source } from './messages';

/** An item that can be run: its input has the batch's defaults in it. */
export interface ReadItem {
  ok: true;
  id: string;
  kind: ItemKind;
  input: ItemInput;
  /** How many batches had tried it before this one. */
  generation: number;
  /** Of an uncertain submit of an earlier batch. */
  idempotencyKey?: string;
  firstSentAtMs?: number;
  /** In an earlier batch it ended while the service went on with it: it is followed, not submitted again. */
  follows?: Followed;
  /** Of a chain: versions of the body files of its steps, as they were when it was started. */
  fileVersions?: Record<string, string>;
}

/** An operation of an earlier batch that may go on at the service. */
export interface Followed {
  /** As the report has it: signatures are masked. */
  statusUrl: string;
  /** Of a chain: the step that it is. */
  step?: string;
  /** How the item ended. */
  failure: FailureDetails;
}

/** An item that cannot be run. `id` is its place if it has no id. */
export interface BrokenItem {
  ok: false;
  id: string;
  mistakes: string[];
}

const MAX_ID_CHARS = 256;

/** @param place the name of a broken item without an id: `line 7` */
export function readItem(written: unknown, place: string, source: Source): ReadItem | BrokenItem | undefined {
  if (!isObject(written)) return { ok: false, id: place, mistakes: ['must be an object'] };
  return source.retried === undefined ? itemOf(written, place, source.defaults) : retriedItem(written, place, source, source.retried);
}

function itemOf(written: JsonObject, place: string, defaults: OperationFields | undefined): ReadItem | BrokenItem {
  const { id, kind, ...input } = written as Partial<BatchItem>;
  const name = typeof id === 'string' && id !== '' ? id.slice(0, MAX_ID_CHARS) : place;
  const mistakes = [...idMistakes(id), ...kindMistakes(kind)];
  if (mistakes.length > 0 || id === undefined) return { ok: false, id: name, mistakes };
  const shared = kind === undefined || kind === 'operation' ? defaults : defaultsOfChains(defaults);
  return { ok: true, id, kind: kind ?? 'operation', input: withDefaults(input, shared), generation: 0 };
}

function idMistakes(id: unknown): string[] {
  if (id === undefined) return ['id: is required'];
  if (typeof id !== 'string' || id === '') return ['id: must be a string that is not empty'];
  return id.length > MAX_ID_CHARS ? [`id: must be at most ${MAX_ID_CHARS} characters`] : [];
}

function kindMistakes(kind: unknown): string[] {
  if (kind === undefined || ITEM_KINDS.some((known) => known === kind)) return [];
  const near = typeof kind === 'string' ? nearest(kind, ITEM_KINDS) : undefined;
  return [`kind: must be one of ${ITEM_KINDS.join(', ')}${near === undefined ? '' : ` (did you mean "${near}"?)`}`];
}

/** The item of a report's line; undefined when its outcome is not to be run again. */
function retriedItem(written: JsonObject, place: string, source: Source, retried: ItemOutcome[]): ReadItem | BrokenItem | undefined {
  const line = written as unknown as Partial<ItemReport>;
  if (typeof line.outcome !== 'string') return { ok: false, id: place, mistakes: ['is not a line of a report: it has no outcome'] };
  const isWanted = retried.includes(line.outcome);
  if (!isWanted && !(line.outcome === 'uncertain' && source.retriesUncertain === true)) return undefined;
  // What a chain has made already is not made again.
  const input = (line.failure?.resumeFrom ?? line.input) as JsonObject | undefined;
  const item = itemOf({ ...input, id: line.id as Json, kind: line.kind as Json }, place, source.defaults);
  if (!item.ok) return item;
  // Nobody has named it: only where it may be sent twice anyway.
  if (!isWanted && !mayBeSentTwice(item)) return undefined;
  if (line.input === undefined) return { ok: false, id: item.id, mistakes: ['has no input in the report, so it cannot be run again'] };
  const firstSentAtMs = Date.parse(line.firstSentAt ?? '');
  const generation = typeof line.generation === 'number' ? line.generation : 0;
  return {
    ...item,
    generation: generation + 1,
    // Only the service knows whether it has accepted the first submit: with the same key it answers that one again.
    idempotencyKey: typeof line.idempotencyKey === 'string' ? line.idempotencyKey : undefined,
    firstSentAtMs: line.idempotencyKey !== undefined && !Number.isNaN(firstSentAtMs) ? firstSentAtMs : undefined,
    follows: followedAfter(line.failure),
  };
}

function mayBeSentTwice({ kind, input }: ReadItem): boolean {
  return kind === 'operation' && input.onUncertainSubmit !== 'fail';
}

/** After these the operation may go on at the service. */
const GOES_ON: readonly FailureType[] = ['DeadlineExceeded', 'ProtocolError', 'Unauthorized'];

/** What can be followed of a run that ended so. */
function followedAfter(failure: FailureDetails | undefined): Followed | undefined {
  const { type, statusUrl, httpStatus } = failure?.cause ?? failure ?? {};
  if (failure === undefined || type === undefined || typeof statusUrl !== 'string') return undefined;
  // One that the service has canceled carries the status code of the answer that said so.
  const isCutShort = type === 'OperationCanceled' && httpStatus === undefined;
  return GOES_ON.includes(type) || isCutShort ? { statusUrl, step: failure.step, failure } : undefined;
}

/** The defaults that hold for chains, too. */
function defaultsOfChains(defaults: OperationFields | undefined): OperationFields | undefined {
  if (defaults === undefined) return undefined;
  const { connection, deadlineSeconds, onUncertainSubmit, cancel, labels } = defaults;
  return JSON.parse(JSON.stringify({ connection, deadlineSeconds, onUncertainSubmit, cancel, labels })) as OperationFields;
}

/** The batch's defaults, field by field, with the item's own values over them. Items share the parts of them that they leave as they are. */
function withDefaults(input: ItemInput, defaults: OperationFields | undefined): ItemInput {
  if (defaults === undefined) return input;
  const { submit, attach, ...others } = defaults;
  const written: JsonObject = isObject(input.submit) ? input.submit : {};
  // An operation to follow stands instead of one to submit, and a body of one kind instead of one of the other.
  const base = {
    ...others,
    submit: input.attach === undefined && isObject(submit) ? withoutOther(submit, written) : undefined,
    attach: input.submit === undefined ? attach : undefined,
  };
  return merged(base as unknown as JsonObject, input as unknown as JsonObject) as OperationFields;
}

function withoutOther(submit: JsonObject, written: JsonObject): JsonObject {
  const dropped = [...(Object.hasOwn(written, 'bodyFile') ? ['body'] : []), ...(Object.hasOwn(written, 'body') ? ['bodyFile'] : [])];
  return Object.fromEntries(Object.entries(submit).filter(([name]) => !dropped.includes(name)));
}

/** Own fields only, and none is assigned: `__proto__` and `constructor` are names like others here. */
function merged(base: Json | undefined, over: Json): Json {
  if (!isObject(base) || !isObject(over)) return over;
  const fields = new Map(Object.entries(base).filter(([, value]) => (value as Json | undefined) !== undefined));
  for (const [name, value] of Object.entries(over)) fields.set(name, merged(fields.get(name), value));
  return Object.fromEntries(fields);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
