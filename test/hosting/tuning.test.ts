/** Cache, slots and pollers of a worker, as its environment sets them, and what is refused. */
import { ConfigError } from '../../src/config';
import { readSettings, type WorkerSettings } from '../../src/hosting/settings';
import { writeConfig } from '../support/config';

const LRO_CONFIG = writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1' } });

function tuningOf(env: NodeJS.ProcessEnv): WorkerSettings['tuning'] {
  return readSettings({ LRO_CONFIG, ...env }).tuning;
}

/** Mistakes that are named; none where the settings are right. */
function mistakesOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    tuningOf(env);
    return [];
  } catch (err) {
    if (err instanceof ConfigError) return err.mistakes;
    throw err;
  }
}

const TEN = { type: 'simple-maximum', maximum: 10 };

test.each([[{}], [{ LRO_MAX_CACHED_WORKFLOWS: '', LRO_ACTIVITY_TASK_POLLERS: '', LRO_MAX_CONCURRENT_ACTIVITIES: '' }]])(
  'without settings it is what the documentation says: %j',
  (env) => {
    expect(tuningOf(env)).toEqual({
      maxCachedWorkflows: 300,
      maxConcurrentActivityTaskExecutions: 300,
      maxConcurrentWorkflowTaskExecutions: 16,
      activityTaskPollerBehavior: TEN,
      workflowTaskPollerBehavior: TEN,
    });
  },
);

test('each is taken over', () => {
  const env = {
    LRO_MAX_CACHED_WORKFLOWS: '1000',
    LRO_MAX_CONCURRENT_ACTIVITIES: '7',
    LRO_MAX_CONCURRENT_WORKFLOW_TASKS: '80',
    LRO_ACTIVITY_TASK_POLLERS: '3',
    LRO_WORKFLOW_TASK_POLLERS: '2-40',
  };
  expect(tuningOf(env)).toEqual({
    maxCachedWorkflows: 1000,
    maxConcurrentActivityTaskExecutions: 7,
    maxConcurrentWorkflowTaskExecutions: 80,
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 3 },
    workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 2, initial: 5, maximum: 40 },
  });
});

test.each([
  ['LRO_MAX_CACHED_WORKFLOWS', 'many', 'must be a whole number from 2 to 20000'],
  ['LRO_MAX_CACHED_WORKFLOWS', '1', 'must be a whole number from 2 to 20000'],
  ['LRO_MAX_CACHED_WORKFLOWS', '1e3', 'must be a whole number from 2 to 20000'],
  ['LRO_MAX_CONCURRENT_ACTIVITIES', '0', 'must be a whole number from 1 to 5000'],
  ['LRO_MAX_CONCURRENT_ACTIVITIES', '5001', 'must be a whole number from 1 to 5000'],
  ['LRO_MAX_CONCURRENT_WORKFLOW_TASKS', '1', 'must be a whole number from 2 to 5000'],
  ['LRO_ACTIVITY_TASK_POLLERS', '0', 'must be a whole number from 1 to 500, or two of them like 1-40 (the first not above the second)'],
  ['LRO_ACTIVITY_TASK_POLLERS', '9-3', 'must be a whole number from 1 to 500, or two of them like 1-40 (the first not above the second)'],
  ['LRO_WORKFLOW_TASK_POLLERS', '1', 'must be a whole number from 2 to 500, or two of them like 2-40 (the first not above the second)'],
  ['LRO_WORKFLOW_TASK_POLLERS', '-5', 'must be a whole number from 2 to 500, or two of them like 2-40 (the first not above the second)'],
])('%s=%s is refused', (name, value, message) => {
  expect(mistakesOf({ [name]: value })).toEqual([`${name}: ${message}`]);
});

test('a task needs a place in the cache: more of them are refused, and a small cache has fewer by itself', () => {
  const mistakes = ['LRO_MAX_CONCURRENT_WORKFLOW_TASKS: must not be above LRO_MAX_CACHED_WORKFLOWS (300)'];
  expect(mistakesOf({ LRO_MAX_CONCURRENT_WORKFLOW_TASKS: '301' })).toEqual(mistakes);
  expect(tuningOf({ LRO_MAX_CACHED_WORKFLOWS: '12' })).toMatchObject({ maxCachedWorkflows: 12, maxConcurrentWorkflowTaskExecutions: 12 });
});

test('mistakes are named together', () => {
  const names = mistakesOf({ LRO_MAX_CONCURRENT_ACTIVITIES: 'x', LRO_WORKFLOW_TASK_POLLERS: 'y', LRO_LOG_LEVEL: 'loud' });
  expect(names.map((mistake) => mistake.split(':')[0])).toEqual(
    expect.arrayContaining(['LRO_MAX_CONCURRENT_ACTIVITIES', 'LRO_WORKFLOW_TASK_POLLERS', 'LRO_LOG_LEVEL']),
  );
});
