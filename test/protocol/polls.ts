/** Decisions about the answers of a status URL, one after the other. */
import type { Exchange } from '../../src/lro/answer';
import type { Monitor, StatusDecision } from '../../src/lro/monitor';
import type { ProtocolSettings } from '../../src/lro/settings';
import { decideStatus } from '../../src/lro/status';
import { monitor, NOW_MS, settings } from './given';

export function decide(exchange: Exchange, of: Partial<Monitor> = {}, set: ProtocolSettings = settings()): StatusDecision {
  return decideStatus(exchange, monitor(of), set, NOW_MS, 0.5);
}
/** How the same answer, given again and again, ends; or that it does not. Time goes on as the decisions ask. */
export function repeated(exchange: Exchange, of: Partial<Monitor> = {}, set: ProtocolSettings = settings(), limit = 30): StatusDecision[] {
  return played(
    Array.from({ length: limit }, () => exchange),
    of,
    set,
  );
}
/** What becomes of these answers, one after the other. */
export function played(exchanges: Exchange[], of: Partial<Monitor> = {}, set: ProtocolSettings = settings()): StatusDecision[] {
  const decisions: StatusDecision[] = [];
  let current = monitor(of);
  let nowMs = NOW_MS;
  for (const exchange of exchanges) {
    const decision = decideStatus(exchange, current, set, nowMs, 0.5);
    decisions.push(decision);
    if (decision.kind !== 'running') break;
    current = decision.monitor ?? current;
    nowMs += decision.waitSeconds * 1000;
  }
  return decisions;
}
/** Seconds that these decisions have waited. */
export const waited = (decisions: StatusDecision[]): number =>
  decisions.reduce((sum, decision) => sum + (decision.kind === 'running' ? decision.waitSeconds : 0), 0);
