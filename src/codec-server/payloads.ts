/** Payloads as Temporal's remote codec protocol writes them: the JSON form of its protobuf messages, bytes in Base64. */
import { temporal } from '@temporalio/proto';
import type { Payload } from '@temporalio/common';
import { z } from 'zod';

const Message = temporal.api.common.v1.Payload;

/** Of one request: the Web UI asks for those of a page of events. */
const MAX_PAYLOADS = 10_000;

const base64 = z.base64();
/** What else a payload may have is passed through. */
const body = z.object({
  payloads: z.array(z.looseObject({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() })).max(MAX_PAYLOADS),
});

/** Undefined where it is something else. */
export function payloadsIn(json: unknown): Payload[] | undefined {
  const read = body.safeParse(json);
  return read.success ? read.data.payloads.map((payload) => Message.fromObject(payload)) : undefined;
}

/** The body of an answer. */
export function bodyOf(payloads: readonly Payload[]): { payloads: object[] } {
  return { payloads: payloads.map((payload) => Message.toObject(Message.fromObject(payload), { bytes: String })) };
}
