/**
 * Activity `begin`: checks an operation, submits it, and hands it to the tracker of its connection, all in one: its workflow's history stays
 * short.
 *
 * Keeps true: what `submit` keeps true. From the submit on every heartbeat holds what is known of it, so that a worker which dies before the
 * operation is handed over loses nothing: its workflow goes on with it.
 */
import { Context, log } from '@temporalio/activity';
import { newJob } from '../../jobs/begin';
import { apply, isEnded } from '../../jobs/job';
import { rowsOf } from '../../jobs/packing';
import { registrationOf, type Owner, type Registration } from '../../jobs/tracked';
import { reasonOf } from '../../text/reason';
import { withHeartbeat } from '../heartbeat';
import type { Claims, Elsewhere, LroActivities, Prepared, PrepareRequest, SubmitResult } from '../messages';
import { temporalNowMs } from '../temporal-clock';
import type { Begun, BeginRequest } from './messages';
import type { Registrar } from './register';

const PLACE = { page: 0, index: 0 };

export function makeBegin(
  prepare: (request: PrepareRequest) => Promise<Prepared>,
  submit: LroActivities['lro.submit'],
  registrar: Registrar,
) {
  return async function begin({
    input,
    identity,
    token,
    firstSentAtMs,
    startedAtMs,
    maxKeptBytes,
  }: BeginRequest): Promise<Begun | Elsewhere> {
    // Without heartbeats: one that came late would stand in the place of the claim.
    const prepared = await prepare({ input, identity });
    const results = await submit({
      source: identity,
      page: { single: input, kind: 'operation', count: 1 },
      items: [{ index: 0, key: '0.0', firstSentAtMs }],
      maxKeptBytes,
    });
    const [submitted = PLACE] = rowsOf(results);
    const answeredAtMs = performance.now();
    const registration = registrationFor(prepared, submitted, { ...identity, token }, startedAtMs);
    const tracker = registration && (await handedOver(registration, answeredAtMs, submitted, registrar));
    return { prepared, submitted, tracker };
  };
}

/** Undefined: there is nothing to follow. */
function registrationFor({ about }: Prepared, submitted: SubmitResult, owner: Owner, startedAtMs: number): Registration | undefined {
  if (submitted.decision?.kind !== 'accepted') return undefined;
  const result = apply(newJob(PLACE, { about, startedAtMs }), { kind: 'submitted', ...submitted }, temporalNowMs());
  return isEnded(result) ? undefined : registrationOf(owner, result);
}

/** @returns undefined where a tracker may not have it, or could not be told: the workflow sees to it */
async function handedOver(
  registration: Registration,
  answeredAtMs: number,
  submitted: SubmitResult,
  registrar: Registrar,
): Promise<string | undefined> {
  const known: Claims = { claimed: [], answered: [submitted] };
  Context.current().heartbeat(known);
  try {
    const registered = await withHeartbeat(
      () => registrar.register(registration, answeredAtMs),
      () => known,
    );
    return 'tracker' in registered ? registered.tracker : undefined;
  } catch (err) {
    log.info('operation could not be handed to its tracker yet', { connection: registration.about.connection, reason: reasonOf(err) });
    return undefined;
  }
}
