/**
 * What is kept of a submit's decision where the answers to others have left no room for all of it: what can be read again, or is only helpful,
 * is left out, and named where a result lacks it.
 */
import { missingFields } from '../jobs/ends';
import type { SubmitDecision } from '../lro/monitor';

const LEFT_OUT = 'left out, because the answers to other submits were long';

export function shortDecision(decision: SubmitDecision): SubmitDecision {
  switch (decision.kind) {
    case 'accepted':
      return { ...decision, monitor: { ...decision.monitor, cookies: undefined } };
    case 'succeeded': {
      const { outcome, shownLocation, fetches = [] } = decision;
      const fields = [...(outcome.body === undefined ? [] : ['body']), ...fetches.flatMap(missingFields)];
      const missing = { ...outcome.missing, ...Object.fromEntries(fields.map((field) => [field, LEFT_OUT])) };
      return { kind: 'succeeded', outcome: { ...outcome, body: undefined, warning: undefined, missing }, shownLocation };
    }
    case 'failed': {
      const { failure } = decision;
      return { kind: 'failed', failure: { ...failure, error: undefined, body: undefined, truncated: ['error', 'body'] } };
    }
    case 'notAccepted':
    case 'uncertain':
      return { ...decision, cookies: undefined };
  }
}
