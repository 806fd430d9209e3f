/** A payload codec whose payloads nobody reads by looking at them. */
import type { PayloadCodec } from '@temporalio/common';

type Payload = Awaited<ReturnType<PayloadCodec['encode']>>[number];

const shifted = (by: number) => (payload: Payload) => ({ ...payload, data: payload.data?.map((byte) => byte + by) });

export const shiftingCodec: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads.map(shifted(1))),
  decode: (payloads) => Promise.resolve(payloads.map(shifted(-1))),
};
