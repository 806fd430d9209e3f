/**
 * Traces, by the variables that OpenTelemetry has for them (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, …). Off by default.
 *
 * Keeps true: where they are off no code of OpenTelemetry is loaded.
 */
import type { Traces } from './open-telemetry/traced';

export type { Traces } from './open-telemetry/traced';

/** Undefined where the environment of the process does not turn traces on. @param clean masks secrets; an embedding host may pass texts as they are */
export async function openTraces(clean: (text: string) => string): Promise<Traces | undefined> {
  if (!areOn(process.env)) return undefined;
  const { startTraces } = await import('./open-telemetry/start');
  return startTraces(clean);
}

/** [OpenTelemetry, "Environment Variable Specification"; empty is the same as unset] */
function areOn(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER']?.trim() === 'none') return false;
  return [env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], env['OTEL_EXPORTER_OTLP_ENDPOINT']].some((url) => (url?.trim() ?? '') !== '');
}
