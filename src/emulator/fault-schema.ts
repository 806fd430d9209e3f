/** The JSON of `POST /_admin/faults`, and of the answers of a scripted service: how an answer can go wrong. */
import { z } from 'zod';

const headerValues = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
const httpStatus = z.number().int().min(200).max(599);

/** Source of a regular expression. */
export const patternSchema = z.string().refine(isPattern, 'is not a regular expression');

function isPattern(source: string): boolean {
  try {
    return new RegExp(source).source !== '';
  } catch {
    return false;
  }
}

/** An answer given literally. Strings in `headers` and `body` may hold `{origin}`, `{base}` and `{httpDate+N}`. */
export const literalAnswerSchema = z.strictObject({
  httpStatus,
  headers: headerValues.optional(),
  /** A string is sent as it is, anything else as JSON. */
  body: z.unknown().optional(),
  /** Base64; instead of `body`. */
  rawBody: z.string().optional(),
});
export type LiteralAnswer = z.infer<typeof literalAnswerSchema>;

/** Ways to bend a real answer. Several may be combined. */
const bends = {
  changeHeaders: z.strictObject({ set: headerValues.optional(), remove: z.array(z.string()).optional() }).optional(),
  /** `merge` adds fields to the JSON object, also in nested objects; `replace` replaces it. */
  changeBody: z.strictObject({ merge: z.record(z.string(), z.unknown()).optional(), replace: z.unknown().optional() }).optional(),
  /** Adds a text of this many bytes as a field (default `filler`): valid JSON, but large. */
  hugeBody: z.strictObject({ bytes: z.number().int().positive(), jsonField: z.string().optional() }).optional(),
  manyHeaders: z.strictObject({ count: z.number().int().positive(), bytesEach: z.number().int().positive().optional() }).optional(),
  /** The connection ends after this many bytes of a body whose Content-Length is larger. */
  cutBody: z.number().int().min(0).optional(),
  /** A body that begins like JSON and never ends. Without a rate: as fast as it is read. */
  endlessBody: z.strictObject({ bytesPerSecond: z.number().positive().optional() }).optional(),
  /** The body is sent at this rate. */
  drip: z.strictObject({ bytesPerSecond: z.number().positive() }).optional(),
};

export const bendsSchema = z.strictObject(bends);
export type Bends = z.infer<typeof bendsSchema>;

const actionSchema = z.strictObject({
  ...bends,
  /** Instead of the service: nothing is created. */
  answer: literalAnswerSchema.optional(),
  /** The service does its work, then this is answered. */
  answerAfterAccept: literalAnswerSchema.optional(),
  /** The connection is reset, before or after the service does its work. */
  cut: z.enum(['beforeAccept', 'afterAccept']).optional(),
});

export const faultSchema = z.strictObject({
  match: z
    .strictObject({
      method: z.string().optional(),
      /** On the path. */
      path: patternSchema.optional(),
      /** On the raw query. */
      query: patternSchema.optional(),
    })
    .default({}),
  /** This many matching requests pass first. */
  skip: z.number().int().min(0).default(0),
  /** This many are hit; 0: all, until the fault is removed. */
  times: z.number().int().min(0).default(1),
  delayMs: z.number().min(0).optional(),
  /** Wait for `POST /_admin/release`. */
  holdUntilReleased: z.boolean().optional(),
  /** When to delay or hold: before the service does its work (default), or between that and the answer. */
  waitAt: z.enum(['beforeAccept', 'afterAccept']).default('beforeAccept'),
  action: actionSchema.default({}),
});
/** What a caller gives. */
export type Fault = z.input<typeof faultSchema>;
/** As it stands in the emulator. `seen` counts matching requests, `used` those that were hit. */
export type ActiveFault = z.output<typeof faultSchema> & { id: string; seen: number; used: number };

/** One answer of a scripted service. `cut` resets the connection instead of answering. */
const scriptAnswerSchema = z.strictObject({
  ...literalAnswerSchema.shape,
  ...bends,
  httpStatus: httpStatus.default(200),
  delayMs: z.number().min(0).optional(),
  holdUntilReleased: z.boolean().optional(),
  cut: z.boolean().optional(),
});

export const scriptSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/),
  routes: z
    .array(
      z.strictObject({
        method: z.string().default('GET'),
        /** Exact, below `/scripts/{name}`; starts with a slash. */
        path: z.string().startsWith('/'),
        /** In order; the last one repeats. */
        answers: z.array(scriptAnswerSchema).min(1),
      }),
    )
    .min(1),
});
export type Script = z.input<typeof scriptSchema>;
export type ActiveScript = z.output<typeof scriptSchema>;
