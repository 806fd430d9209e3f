/** Dialects as the worker's file names them, and what decisions make of answers in them. */
import type { Json } from '../../src/contract';
import type { Monitor, StatusDecision, SubmitDecision } from '../../src/lro/monitor';
import type { ProtocolSettings } from '../../src/lro/settings';
import { decideStatus } from '../../src/lro/status';
import { decideSubmit } from '../../src/lro/submit';
import { load } from '../config/file';
import { answer, context, NOW_MS } from '../protocol/given';

export const BASE = 'https://api.example.com/v1';

/** The settings of a connection with this dialect: a preset's name, or a map. */
export function settingsOf(dialect: unknown, baseUrl = BASE): ProtocolSettings {
  const { connections } = load(`connections:\n  maps:\n    baseUrl: ${baseUrl}\n    dialect: ${JSON.stringify(dialect)}\n`);
  const { maps } = connections;
  if (maps === undefined) throw new Error('it is there');
  return maps.protocol;
}

/** An answer of a provider. */
interface Told {
  code?: number;
  body?: Json;
  headers?: Record<string, string>;
}

export interface Example {
  preset: string;
  source: string;
  baseUrl?: string;
  submit: Told;
  statusUrl: string;
  operationId?: string;
  cancel?: Monitor['cancel'];
  start?: Monitor['start'];
  running: Told[];
  succeeded: Told & { result?: Json; readsAt?: string; resourceLocation?: string };
  failed: (Told & { says?: string })[];
  canceled?: Told[];
}

type Headers = Record<string, string>;

export function submitted(settings: ProtocolSettings, httpStatus: number, body?: Json, headers: Headers = {}): SubmitDecision {
  const { baseUrl } = settings.trust;
  return decideSubmit(
    answer(httpStatus, headers, body, { url: `${baseUrl}/jobs` }),
    context({ url: `${baseUrl}/jobs` }),
    settings,
    NOW_MS,
    0,
  );
}

/** The monitor of a submit that is accepted. */
export function accepted(settings: ProtocolSettings, httpStatus: number, body?: Json, headers: Headers = {}): Monitor {
  const decision = submitted(settings, httpStatus, body, headers);
  if (decision.kind !== 'accepted') throw new Error(JSON.stringify(decision));
  return decision.monitor;
}

export function polled(
  settings: ProtocolSettings,
  monitor: Monitor,
  httpStatus: number,
  body?: Json,
  headers: Headers = {},
): StatusDecision {
  return decideStatus(answer(httpStatus, headers, body, { url: monitor.statusUrl }), monitor, settings, NOW_MS, 0);
}
