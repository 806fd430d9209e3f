/** The version of a worker, as Temporal's worker controller sets it, and what is refused. */
import { ConfigError } from '../../src/config';
import { readSettings } from '../../src/hosting/settings';
import { writeConfig } from '../support/config';

const NAME = 'TEMPORAL_DEPLOYMENT_NAME';
const BUILD_ID = 'TEMPORAL_WORKER_BUILD_ID';
const LRO_CONFIG = writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } });

/** Mistakes that are named; none where the settings are right. */
function mistakesOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSettings({ LRO_CONFIG, ...env });
    return [];
  } catch (err) {
    if (err instanceof ConfigError) return err.mistakes;
    throw err;
  }
}

test.each([[{}], [{ [NAME]: '', [BUILD_ID]: '' }]])('a worker has no version where none is set: %j', (env) => {
  expect(readSettings({ LRO_CONFIG, ...env }).version).toBeUndefined();
});

test('both variables make the version, as the controller writes them', () => {
  const env = { [NAME]: 'geo/lro-worker', [BUILD_ID]: '1.4.2-5f2d' };
  expect(readSettings({ LRO_CONFIG, ...env }).version).toEqual({ deploymentName: 'geo/lro-worker', buildId: '1.4.2-5f2d' });
});

test.each([
  [{ [NAME]: 'lro' }, BUILD_ID, NAME],
  [{ [NAME]: 'lro', [BUILD_ID]: '' }, BUILD_ID, NAME],
  [{ [BUILD_ID]: '7' }, NAME, BUILD_ID],
])('one without the other is refused, and the other is named: %j', (env, missing, set) => {
  expect(mistakesOf(env)).toEqual([expect.stringMatching(new RegExp(`^${missing}: must be set too, because ${set} is`))]);
});

test.each(['lro.eu', 'lro:eu', '__lro'])('a name that Temporal does not take is refused at start: %s', (name) => {
  expect(mistakesOf({ [NAME]: name, [BUILD_ID]: '7' })).toEqual([`${NAME}: must not contain "." or ":", nor begin with "__"`]);
});

test('it is named together with every other mistake', () => {
  const mistakes = mistakesOf({ [NAME]: 'lro', LRO_LOG_LEVEL: 'loud', LRO_CONFIG: '/nowhere.yaml' });
  expect(mistakes.map((mistake) => mistake.split(':')[0])).toEqual(expect.arrayContaining([BUILD_ID, 'LRO_LOG_LEVEL']));
  expect(mistakes).toHaveLength(3);
});
