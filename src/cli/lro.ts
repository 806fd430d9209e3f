#!/usr/bin/env node
/**
 * `lro`: the command line of this project. Its commands stand in `lro/commands.ts`.
 *
 * Exit codes: docs/cli.md.
 */
import { CommanderError } from 'commander';
import { asksForJson, programFor } from './lro/commands';

// grpc-js names servers by their address in TLS, of which Node warns; nobody who types a command can do something about it.
process.noDeprecation = true;

async function main(args: string[]): Promise<void> {
  const program = await programFor(args);
  if (args.length === 0) program.outputHelp();
  else await program.parseAsync(args, { from: 'user' });
}

// The reader has closed the pipe, like `| head`.
process.stdout.on('error', () => process.exit(0));

/** Ends the process, whatever is still under way: an attempt to connect, a question that nobody waits for. */
function end(): void {
  process.stdout.write('', () => process.exit());
}

main(process.argv.slice(2))
  .catch(async (err: unknown) => {
    const asJson = asksForJson(process.argv);
    if (err instanceof CommanderError && !asJson) {
      // It has printed its message already.
      process.exitCode = err.exitCode === 0 ? 0 : 2;
      return;
    }
    // Loaded here: what it knows of comes with Temporal's client.
    const { exitCodeOf, report } = await import('./lro/failures');
    report(err, asJson);
    process.exitCode = exitCodeOf(err);
  })
  .finally(end);
