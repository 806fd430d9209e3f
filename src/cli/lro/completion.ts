/**
 * `lro completion bash|zsh|fish`: a script that completes commands, options and their values.
 *
 * Keeps true: all of it comes from the tree of commands, so it cannot fall behind; the script has its words in it, so that a Tab starts no
 * process (the libraries for it ask the program at every Tab, which takes longer than a person waits). Only the names of connections, which
 * are in a file, are asked for.
 */
import { Argument, type Command } from 'commander';
import { bashScript, fishScript, zshScript } from './completion-scripts';
import { completedCommands } from './completion-tree';
import { writeOut } from './terminal';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const HELP = `
  bash   source <(lro completion bash)              in ~/.bashrc
  zsh    source <(lro completion zsh)               in ~/.zshrc, after compinit
  fish   lro completion fish | source               in ~/.config/fish/config.fish

After --connection it completes the connections of the file that LRO_CONFIG names, or of lro.config.yaml in the folder.`;

/** @param whole the program with the options of all commands */
export function addCompletionCommand(program: Command, whole: () => Promise<Command>): void {
  program
    .command('completion')
    .description('print the script by which bash, zsh or fish completes commands and options of lro')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: (typeof SHELLS)[number]) => {
      const commands = completedCommands(await whole());
      writeOut({ bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands));
    });
}
