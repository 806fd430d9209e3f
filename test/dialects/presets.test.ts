/** Every preset, with the answers that its provider has published. */
import type { Json } from '../../src/contract';
import { decideCancel } from '../../src/lro/cancel';
import { PRESETS } from '../../src/lro/dialects';
import type { Monitor } from '../../src/lro/monitor';
import { answer, NOW_MS } from '../protocol/given';
import { accepted, BASE, polled, settingsOf, submitted } from './given';
import { examples } from './examples';

test.each(['transient', 'lock-error', 'no-store', 'timeout', 'incomplete', 'throttled'])(
  'a FHIR export is not failed by an answer that says "%s": the poll has failed, and not the export',
  (code) => {
    const settings = settingsOf('fhir-export');
    const monitor = accepted(settings, 202, undefined, { 'Content-Location': `${BASE}/status/1` });
    const body: Json = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] };
    for (const httpStatus of [400, 422, 500]) expect(polled(settings, monitor, httpStatus, body).kind).toBe('running');
  },
);

test('every preset has an example, and says in which documents it stands', () => {
  expect(examples.map(({ preset }) => preset).sort()).toEqual(Object.keys(PRESETS).sort());
  for (const { source } of examples) expect(source).toMatch(/ /);
  for (const preset of Object.values(PRESETS)) {
    const { documents, description } = preset as { documents: string[]; description: string };
    expect(documents.every((url) => URL.canParse(url))).toBe(true);
    expect(description).not.toBe('');
  }
});

describe.each(examples)(
  '$preset',
  ({ preset, baseUrl, submit, statusUrl, operationId, cancel, start, running, succeeded, failed, canceled = [] }) => {
    const settings = settingsOf(preset, baseUrl);
    const made = accepted(settings, submit.code ?? 200, submit.body, submit.headers);
    const monitor: Monitor = { ...made, start: undefined };

    it('is followed where its submit says', () => {
      expect(monitor.statusUrl).toBe(statusUrl);
      if (operationId !== undefined) expect(monitor.operationId).toBe(operationId);
      expect(monitor.cancel).toEqual(cancel);
      expect(made.start).toEqual(start);
    });

    it.each(running)('runs on: %j', ({ code = 200, body, headers }) => {
      const decision = polled(settings, monitor, code, body, headers);
      expect(decision).toMatchObject({ kind: 'running' });
      expect(decision).toHaveProperty('trouble', undefined);
    });

    it('succeeds with its result, or with the place where that is read', () => {
      const { code = 200, body, result, readsAt, resourceLocation } = succeeded;
      const decision = polled(settings, monitor, code, body);
      if (decision.kind !== 'succeeded') throw new Error(JSON.stringify(decision));
      expect(decision.outcome.missing).toBe(undefined);
      expect(decision.outcome.body).toEqual(result ?? body);
      expect(decision.fetches?.map(({ url, into }) => ({ url, into }))).toEqual(
        readsAt === undefined ? undefined : [{ url: readsAt, into: ['body'] }],
      );
      if (resourceLocation !== undefined) expect(decision.outcome.resourceLocation).toBe(resourceLocation);
    });

    it.each(failed)('fails with the words of the service: %j', ({ code = 200, body, says }) => {
      const decision = polled(settings, monitor, code, body);
      expect(decision).toMatchObject({ kind: 'failed', failure: { type: 'OperationFailed' } });
      if (says !== undefined && decision.kind === 'failed') expect(decision.failure.message).toContain(says);
    });

    it('is canceled where it says so', () => {
      for (const { code = 200, body } of canceled) {
        expect(polled(settings, monitor, code, body)).toMatchObject({ kind: 'failed', failure: { type: 'OperationCanceled' } });
      }
    });

    it.each([401, 403, 404, 408, 429, 502, 503, 504])('is not ended by a %i, whatever is in it', (code) => {
      for (const { body } of [succeeded, ...failed]) expect(polled(settings, monitor, code, body).kind).toBe('running');
    });

    it('is not ended by a page of a gateway, nor by a body that broke off', () => {
      for (const code of [200, 202, 400, 422, 500]) {
        const page = '<!DOCTYPE html><html><body>Sign in</body></html>';
        expect(polled(settings, monitor, code, page).kind).toBe('running');
        expect(submitted(settings, code, page).kind).not.toBe('succeeded');
      }
    });

    it('does not take the answer to a cancel request for success', () => {
      const exchange = answer(200, {}, submit.body, { method: 'POST', url: statusUrl });
      expect(decideCancel(exchange, monitor, settings, NOW_MS).kind).toBe('accepted');
    });
  },
);
