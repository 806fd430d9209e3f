import { log } from '@temporalio/activity';

/** Warns when a connection's `maxSeconds` shortens a `Retry-After`. */
export function logCap(decision: { kind: string; waitSeconds?: number; cappedFromSeconds?: number }, connection: string): void {
  if (decision.cappedFromSeconds === undefined) return;
  log.warn('the service asked for a longer wait than the connection allows', {
    askedSeconds: decision.cappedFromSeconds,
    waitSeconds: decision.waitSeconds,
    connection,
  });
}
