/** One behaviour, however it is run: the same service is asked for the same operation alone, in a chain and in a batch. */
import { differences } from './normal-form';
import { startRows, type Rows } from './harness';
import { CANCEL_ANSWER_ROWS } from './rows/cancel-answers';
import { CANCEL_MOMENT_ROWS } from './rows/cancel-moments';
import { HOLD_AND_DEADLINE_ROWS } from './rows/holds-and-deadlines';
import { POLL_ROWS } from './rows/polls';
import { SUBMIT_ROWS } from './rows/submits';

/** Those that take longest stand first. */
const TABLES = {
  'holds and deadlines': HOLD_AND_DEADLINE_ROWS,
  'cancelled, and what the service says to it': CANCEL_ANSWER_ROWS,
  'cancelled before or after the service has it': CANCEL_MOMENT_ROWS,
  submits: SUBMIT_ROWS,
  polls: POLL_ROWS,
};

let rows: Rows;

beforeAll(async () => {
  rows = await startRows(Object.values(TABLES).flat());
});

afterAll(() => rows.close());

describe.each(Object.entries(TABLES))('%s', (_table, table) => {
  test.each(table.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const outcomes = await rows.outcomes.get(row);
    expect(outcomes).toBeDefined();
    expect(differences(outcomes!, row.expected)).toEqual([]);
  });
});
