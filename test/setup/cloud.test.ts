/** Temporal Cloud: told by its address or by what it refuses. Its answers are played, for it cannot be asked here. */
import { setupText } from '../../src/cli/lro/setup';
import { isTemporalCloud } from '../../src/setup/cloud';
import { SEARCH_ATTRIBUTE_TYPES, setUpNamespace, type SetupConnection } from '../../src/setup';

const NAMES = Object.keys(SEARCH_ATTRIBUTE_TYPES);
const NAMESPACE = 'tiles.a1b2c';
const CLOUD = `${NAMESPACE}.tmprl.cloud:7233`;

/** Answers to the list of search attributes; whatever else is called fails the test. */
function connectionWith(list: () => Record<string, number>): SetupConnection {
  return {
    operatorService: { listSearchAttributes: async () => Promise.resolve({ customAttributes: list() }) },
    workflowService: {},
    withDeadline: (_deadline: unknown, call: () => Promise<unknown>) => call(),
  } as unknown as SetupConnection;
}

function refusal(code: number): () => never {
  return () => {
    throw Object.assign(new Error('refused'), { code });
  };
}

test.each([
  [CLOUD, true],
  ['us-east-1.aws.api.temporal.io:7233', true],
  ['https://tiles.a1b2c.tmprl.cloud:7233', true],
  ['temporal-frontend.temporal.svc:7233', false],
  ['tmprl.cloud.example.com:7233', false],
  ['nottmprl.cloud:7233', false],
])('%s is of Temporal Cloud: %s', (address, expected) => {
  expect(isTemporalCloud(address)).toBe(expected);
});

test('what is missing is told with the commands of both programs, and nothing is registered', async () => {
  const result = await setUpNamespace(
    connectionWith(() => ({ LroStatus: 2, LroConnection: 1 })),
    { address: CLOUD, namespace: NAMESPACE, createWithRetentionDays: 7 },
  );
  expect(result).toMatchObject({ cloud: true, complete: false, namespaceCreated: false });
  expect(result.searchAttributes.map(({ outcome }) => outcome)).toEqual(['there', 'wrongType', 'missing', 'missing']);
  expect(result.commands).toEqual([
    {
      program: 'tcld',
      commands: [
        `tcld namespace search-attributes add --namespace ${NAMESPACE} --search-attribute "LroOperationId=Keyword" --search-attribute "LroTrouble=Keyword"`,
      ],
    },
    {
      program: 'temporal',
      commands: ['LroOperationId', 'LroTrouble'].map(
        (name) => `temporal cloud namespace search-attribute create --namespace ${NAMESPACE} --name ${name} --type Keyword`,
      ),
    },
  ]);
  const text = setupText(result);
  for (const { commands } of result.commands) for (const command of commands) expect(text).toContain(command);
  expect(text).toContain('rename --namespace tiles.a1b2c --existing-name LroConnection');
});

test('all there is complete, and prints no command', async () => {
  const result = await setUpNamespace(
    connectionWith(() => Object.fromEntries(NAMES.map((name) => [name, 2]))),
    { address: CLOUD, namespace: NAMESPACE },
  );
  expect(result).toMatchObject({ complete: true, commands: [] });
});

test.each([
  ['Temporal Cloud that does not allow the question', CLOUD, 7],
  ['Temporal Cloud that does not have the service', CLOUD, 12],
  ['a private link to it, told by the missing service', 'temporal.internal:7233', 12],
])('%s: all commands are printed', async (_, address, code) => {
  const result = await setUpNamespace(connectionWith(refusal(code)), { address, namespace: NAMESPACE });
  expect(result).toMatchObject({ cloud: true, complete: false });
  expect(result.searchAttributes).toEqual(NAMES.map((name) => ({ name, outcome: 'unknown' })));
  expect(result.commands[1]?.commands).toHaveLength(4);
});

test('a server of one’s own that does not allow it is an error, not Temporal Cloud', async () => {
  const connection = connectionWith(refusal(7));
  await expect(setUpNamespace(connection, { address: '127.0.0.1:7233', namespace: 'default' })).rejects.toThrow('refused');
});
