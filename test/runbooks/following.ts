/** Waiting for what an alert is about. */
import { eventually } from '../support/eventually';
import type { Bed, ServiceName } from './bed';
import { CONDITIONS, hasSeries, SHOWN } from './conditions';

/** Waits until what the alert is about holds, and metrics show it where they can; or until it holds no more. */
export async function condition(bed: Bed, alert: string, service: ServiceName, holds: boolean, timeoutSeconds?: number): Promise<void> {
  const count = CONDITIONS[alert];
  if (count === undefined) throw new Error(`no condition of ${alert}`);
  await eventually(
    () => count(bed, service),
    (number) => number > 0 === holds,
    timeoutSeconds,
  );
  if (!holds) return;
  await eventually(
    async () => {
      const metrics = await bed.metrics();
      return (SHOWN[alert] ?? []).filter((series) => !hasSeries(metrics, series));
    },
    (missing) => missing.length === 0,
  );
}
