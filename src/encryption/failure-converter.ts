/**
 * Failures whose message and stack trace are a payload, which codecs encrypt. In the worker's bundle of workflows, too, where it is made with
 * this: only what Temporal's common package has may be imported here.
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
