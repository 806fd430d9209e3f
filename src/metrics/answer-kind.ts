/** What an answer was, in the few words that a metric has for it. */
import type { TroubleKind } from '../contract';
import { passesByItself, type Exchange } from '../lro/answer';
import { isThrottled } from '../lro/retry-after';
import type { AnswerKind } from './catalog';

const KINDS: Partial<Record<TroubleKind, AnswerKind>> = {
  Throttled: 'throttled',
  Unreachable: 'unreachable',
  Unauthorized: 'unauthorized',
  Unreadable: 'unreadable',
  UnknownStatus: 'unreadable',
};

/**
 * Of a request that was tried. Where it got no answer it is `unreachable`, whatever is decided about it.
 * @param trouble that was found in the answer: whether it makes sense only the decision about it says
 * @returns undefined where nothing was sent, because the URL is not trusted
 */
export function answerKind(exchange: Exchange, trouble: TroubleKind | undefined, nowMs: number): AnswerKind | undefined {
  const kind = trouble && KINDS[trouble];
  if (kind !== undefined) return kind;
  if (exchange.kind === 'untrusted') return undefined;
  if (exchange.kind === 'noCredentials') return 'unauthorized';
  if (exchange.kind === 'noAnswer') return 'unreachable';
  const { httpStatus } = exchange;
  if (isThrottled(exchange, nowMs)) return 'throttled';
  if (httpStatus === 401 || httpStatus === 403) return 'unauthorized';
  if (passesByItself(httpStatus)) return 'unreachable';
  if (httpStatus >= 400) return 'rejected';
  // A submit of which it does not say what became.
  return trouble === 'Uncertain' || httpStatus >= 300 ? 'unreadable' : 'ok';
}
