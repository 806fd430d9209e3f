/** Errors as the log tells of them: their types, causes and stacks, of a bounded size. */

const MAX_MESSAGE_CHARS = 2000;
const MAX_STACK_CHARS = 4000;
const MAX_CAUSES = 5;

interface ErrorFields {
  name: string;
  message: string;
  /** Of a failure of Temporal's: its own type, `SubmissionRejected`. */
  failureType?: string;
  /** Of what is no failure with a type: those say all that there is. */
  stack?: string;
  cause?: unknown;
}

/** What is no error stands as it is. */
export function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { type } = error as { type?: unknown };
  const fields: ErrorFields = { name, message: message.slice(0, MAX_MESSAGE_CHARS) };
  if (typeof type === 'string' && type !== 'Error') fields.failureType = type;
  else fields.stack = stack?.slice(0, MAX_STACK_CHARS);
  if (cause !== undefined && depth < MAX_CAUSES) fields.cause = errorFields(cause, depth + 1);
  return fields;
}
