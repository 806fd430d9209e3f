/** Where everything is, and what to type next: in another terminal, as it stands. */
import { DEFAULT_TASK_QUEUE } from '../../contract';
import type { DevOptions, Started } from './processes';

const USUAL_PORT = 7233;

export function firstSteps({ temporal, cli, emulatorUrl, configPath, isWritten, connection }: Started, { taskQueue }: DevOptions): string {
  const exports = [
    ...(temporal.port === USUAL_PORT ? [] : [`  export TEMPORAL_ADDRESS=${temporal.address}`]),
    ...(taskQueue === DEFAULT_TASK_QUEUE ? [] : [`  export LRO_TASK_QUEUE=${taskQueue}`]),
  ];
  return [
    `Temporal    ${temporal.address}, by ${cli.path} (from ${cli.source})`,
    `Web UI      ${String(temporal.uiUrl)}`,
    `emulator    ${emulatorUrl}`,
    `worker      task queue "${taskQueue}", ${configPath}${isWritten ? ' (written now)' : ''}`,
    ...(connection === undefined
      ? [`            no connection of that file is the emulator's: give one "baseUrl: ${emulatorUrl}" to try it`]
      : []),
    '',
    'Type next, in another terminal:',
    ...exports,
    ...(connection === undefined
      ? []
      : [
          `  lro run --connection ${connection} --path /styles --body '{"version":8}'`,
          `  lro run --connection ${connection} --path /tilesets --query datasetId=no-such-dataset   # is refused`,
        ]),
    '  lro doctor',
    '',
    'Ctrl-C ends all of it.',
  ].join('\n');
}
