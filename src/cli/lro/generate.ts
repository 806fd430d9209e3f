/** `lro generate …`: typed functions and a connection for the long-running operations of an OpenAPI specification. */
import type { Command } from 'commander';
import type { GenerateResult } from '../../generate';
import { collect, print } from './command';
import { UsageError } from './failures';

interface GenerateCommandOptions {
  out: string;
  connection: string;
  baseUrl?: string;
  operation?: string[];
  refsBelow?: string;
  force?: true;
  json?: true;
}

export function addGenerateCommand(program: Command): void {
  program
    .command('generate <openapi-file>')
    .description('write typed functions and a connection for the long-running operations of an OpenAPI file (2.0, 3.0, 3.1; JSON or YAML)')
    .option('--out <folder>', 'where operations.ts and lro.config.yaml are written', './lro-generated')
    .option('--connection <name>', 'name of the connection', 'default')
    .option('--base-url <url>', "of the service (default: the file's own server)")
    .option('--operation <id>', 'operationId of one that is long-running though it is not marked; may be repeated', collect)
    .option('--refs-below <folder>', "folder that references may lead to (default: the file's own)")
    .option('--force', 'overwrite files that differ')
    .option('--json', 'print JSON')
    .action(run);
}

async function run(specification: string, options: GenerateCommandOptions): Promise<void> {
  const { out, connection, baseUrl, operation = [], refsBelow, force = false } = options;
  // Loaded here: other commands do without the parser.
  const { generate, SpecificationError } = await import('../../generate');
  try {
    print(options, await generate({ specification, out, connection, baseUrl, operations: operation, refsBelow, force }), shown);
  } catch (error) {
    throw error instanceof SpecificationError ? new UsageError(error.message) : error;
  }
}

function shown({ files, operations, notes }: GenerateResult): string {
  return [
    `${operations.length} ${operations.length === 1 ? 'operation' : 'operations'}: ${operations.join(', ')}`,
    ...files.map(({ path, outcome }) => `${outcome}: ${path}`),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}
