/** `lro run`, `start`, `attach` and `tileset build`: what starts one operation or one tileset. */
import type { Command } from 'commander';
import type { OperationInput } from '../../contract';
import { announce } from './announce';
import { addCommand, toId, withLro, type CommonOptions } from './command';
import {
  addAttachInputOptions,
  addOperationInputOptions,
  readAttachInput,
  readOperationInput,
  type AttachInputOptions,
  type OperationInputOptions,
} from './operation-input';
import { addPriorityOptions, OPERATION_PRIORITY_KEY, readPriority, type PriorityFlags } from './priority';
import { addTilesetInputOptions, readTilesetInput, type TilesetInputOptions } from './tileset-input';

export interface StartFlags extends CommonOptions, PriorityFlags {
  id?: string;
  wait?: true;
}

const ID_HELP = 'workflow id; the same id is the same request (default: a random one)';
const WAIT_HELP = 'follow it to its end and print its result; exit code 1 where it fails';

export function addOperationCommands(program: Command): void {
  addStartOptions(addOperationInputOptions(addCommand(program, 'run', 'submit an operation, follow it, and print its result'))).action(
    (options: StartFlags & OperationInputOptions) => start(readOperationInput(options), { ...options, wait: true }),
  );
  addStartOptions(addOperationInputOptions(addCommand(program, 'start', 'submit an operation, and print its id')))
    .option('--wait', WAIT_HELP)
    .action((options: StartFlags & OperationInputOptions) => start(readOperationInput(options), options));
  addStartOptions(
    addAttachInputOptions(addCommand(program, 'attach <statusUrl>', 'start a run that follows an operation that was submitted elsewhere')),
  )
    .option('--wait', WAIT_HELP)
    .action((statusUrl: string, options: StartFlags & AttachInputOptions) => start(readAttachInput(statusUrl, options), options));

  const tileset = program.command('tileset').description('tilesets of drawing packages: upload, conversion, dataset, tileset');
  addStartOptions(addTilesetInputOptions(addCommand(tileset, 'build', 'build a tileset, from wherever the flags begin')))
    .option('--wait', WAIT_HELP)
    .action(buildTileset);
}

/** What every start takes. */
function addStartOptions(command: Command): Command {
  return addPriorityOptions(command, OPERATION_PRIORITY_KEY).option('--id <id>', ID_HELP, toId);
}

async function start(input: OperationInput, options: StartFlags): Promise<void> {
  const priority = readPriority(options);
  await withLro(options, async (lro) => announce(lro, 'operation', await lro.start(input, { id: options.id, priority }), options));
}

async function buildTileset(options: StartFlags & TilesetInputOptions): Promise<void> {
  const input = readTilesetInput(options);
  const priority = readPriority(options);
  await withLro(options, async (lro) => announce(lro, 'tileset', await lro.buildTileset(input, { id: options.id, priority }), options));
}
