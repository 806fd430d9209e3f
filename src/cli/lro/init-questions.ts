/**
 * The questions of `lro init` on a terminal. What flags say already is not asked.
 *
 * They go to standard error, so that what is printed at the end can be read by a program. Ctrl-C and Ctrl-D end the command, with nothing
 * written.
 */
import { createInterface, type Interface } from 'node:readline/promises';
import { AUTH_KINDS, DEFAULT_KEY_NAME, usualVariable, type AuthKind, type NewConnection } from './new-connection';

const INTERRUPTED = 130;

export async function askForConnection(given: Partial<NewConnection>): Promise<NewConnection> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  let isDone = false;
  // Otherwise a question that nobody answers any more would end the process as if all were well.
  terminal.once('close', () => {
    if (isDone) return;
    process.stderr.write('\nnothing was written\n');
    process.exit(INTERRUPTED);
  });
  try {
    const connection = given.connection ?? (await ask(terminal, 'Name of the connection', 'default'));
    const baseUrl = given.baseUrl ?? (await ask(terminal, 'Base URL of the service', undefined, urlProblem));
    const apiVersion = given.apiVersion ?? blankAsNone(await ask(terminal, 'api-version, if it wants one', ''));
    const auth = given.auth ?? ((await ask(terminal, `Credentials (${AUTH_KINDS.join(', ')})`, 'none', authProblem)) as AuthKind);
    const answers: NewConnection = { ...given, connection, baseUrl, apiVersion, auth };
    if (auth === 'key-header' || auth === 'key-query')
      answers.keyName ??= await ask(terminal, `Name of the ${auth === 'key-header' ? 'header' : 'query parameter'}`, DEFAULT_KEY_NAME);
    if (auth === 'entra') answers.scope ??= await ask(terminal, 'Scope, like https://atlas.microsoft.com/.default', undefined);
    if (['key-header', 'key-query', 'bearer', 'sas'].includes(auth) && answers.secretFile === undefined)
      answers.secretEnv ??= await ask(terminal, 'Environment variable that holds the secret', usualVariable(connection));
    return answers;
  } finally {
    isDone = true;
    terminal.close();
  }
}

/** Asks until the answer is right. */
async function ask(
  terminal: Interface,
  question: string,
  usual: string | undefined,
  problemOf: (answer: string) => string | undefined = () => undefined,
): Promise<string> {
  for (;;) {
    const written = (await terminal.question(usual === undefined || usual === '' ? `${question}: ` : `${question} [${usual}]: `)).trim();
    const answer = written === '' ? usual : written;
    const problem = answer === undefined ? 'this has to be said' : problemOf(answer);
    if (answer !== undefined && problem === undefined) return answer;
    process.stderr.write(`  ${String(problem)}\n`);
  }
}

function blankAsNone(answer: string): string | undefined {
  return answer === '' ? undefined : answer;
}

function urlProblem(answer: string): string | undefined {
  return URL.canParse(answer) && /^https?:$/.test(new URL(answer).protocol) ? undefined : 'must be an http(s) URL';
}

function authProblem(answer: string): string | undefined {
  return (AUTH_KINDS as readonly string[]).includes(answer) ? undefined : `must be one of ${AUTH_KINDS.join(', ')}`;
}
