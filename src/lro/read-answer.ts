/**
 * An answer as decisions look at it: its body is parsed when it is first needed, and once.
 */
import type { Json } from '../contract';
import type { Answer } from './answer';
import { fieldsOf, parseBody, stringField, type ParsedBody } from './body';
import { errorMessage, errorOf } from './odata-error';
import { oneLine } from './text';

/** It travels with every report of a batch, and stands in history with every answer. */
const MAX_SAID_CHARS = 200;

export class ReadAnswer {
  /** @param body where it is parsed already */
  constructor(
    readonly answer: Answer,
    private body?: ParsedBody,
  ) {}

  get parsed(): ParsedBody {
    return (this.body ??= parseBody(this.answer.body));
  }

  /** The body as JSON; `undefined` where it is none. */
  get json(): Json | undefined {
    return this.parsed.kind === 'json' ? this.parsed.value : undefined;
  }

  /** `status` at the top of the body; an empty text is none. */
  get status(): string | undefined {
    const status = stringField(this.json, 'status');
    return status?.trim() === '' ? undefined : status;
  }

  /** `properties.provisioningState` [ARM RPC], or at the top of the body. */
  get provisioningState(): string | undefined {
    return stringField(fieldsOf(this.json)['properties'], 'provisioningState') ?? stringField(this.json, 'provisioningState');
  }

  /** A page for people: a gateway, a proxy or a login speaks, and not the service. */
  get isHtml(): boolean {
    if (this.parsed.kind !== 'text') return false;
    return /^<(!doctype\s+html|html)\b/i.test(this.parsed.text) || /^\s*text\/html\b/i.test(this.answer.headers['content-type'] ?? '');
  }

  /** The service's own words about what is wrong, for people; `undefined` where it says none. */
  get words(): string | undefined {
    const text = errorMessage(errorOf(this.json));
    if (text !== undefined || this.isHtml) return text;
    const { parsed } = this;
    return (parsed.kind === 'text' || parsed.kind === 'broken' ? oneLine(parsed.text, 200) : undefined) || undefined;
  }

  /** Code and words together, for a line: `503 ServerBusy: storage account is throttled`; `undefined` where there are no words. */
  get said(): string | undefined {
    const words = this.parsed.kind === 'broken' ? undefined : this.words;
    return words === undefined ? undefined : oneLine(`${this.answer.httpStatus} ${words}`, MAX_SAID_CHARS);
  }

  /** What the body lacks to be a status. */
  get lack(): string {
    const { parsed } = this;
    if ('cut' in parsed && parsed.cut) return 'has no "status" within the connection\'s "maxBodyBytes"';
    if (this.isHtml) return 'is an HTML page, not JSON';
    return { json: 'has no string "status"', empty: 'is empty', text: 'is not JSON', broken: 'broke off' }[parsed.kind];
  }
}

/** Whether the caller asked for HTML, so that a page is what it wants. */
export function wantsHtml(headers: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(headers ?? {}).some(([name, value]) => name.toLowerCase() === 'accept' && /\btext\/html\b/i.test(value));
}
