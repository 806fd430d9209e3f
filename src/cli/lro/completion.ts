/**
 * `lro completion bash|zsh|fish`: a script that completes commands, options and choices.
 *
 * Keeps true: all of it comes from the tree of commands, so it cannot fall behind; the script has its words in it, so that a Tab starts no
 * process (the libraries for it ask the program at every Tab, which takes longer than a person waits).
 */
import { Argument, type Command } from 'commander';
import { writeOut } from './terminal';

/** What can follow a command: `path` is empty for `lro` itself. */
export interface CompletedCommand {
  path: string[];
  /** Subcommands, or choices of its first argument. */
  words: Word[];
  /** Long options. */
  options: Word[];
}

interface Word {
  word: string;
  description: string;
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const HELP = `
  bash   source <(lro completion bash)              in ~/.bashrc
  zsh    source <(lro completion zsh)               in ~/.zshrc, after compinit
  fish   lro completion fish | source               in ~/.config/fish/config.fish`;

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

/** The tree as a list, the program itself first. */
export function completedCommands(command: Command, path: string[] = []): CompletedCommand[] {
  const below = command.commands.map((one) => ({ word: one.name(), description: one.description() }));
  const choices = command.registeredArguments[0]?.argChoices?.map((word) => ({ word, description: '' })) ?? [];
  const help = { word: '--help', description: 'display help' };
  const options = command.options.flatMap(({ long, description }) => (long ? [{ word: long, description }] : []));
  const own = { path, words: [...below, ...choices], options: [...options, help] };
  return [own, ...command.commands.flatMap((one) => completedCommands(one, [...path, one.name()]))];
}

/** Lines of a `case` of bash and zsh: the words that follow each command. */
function casesOf(commands: CompletedCommand[], write: (words: Word[]) => string): string {
  return commands.map(({ path, words, options }) => `    '${path.join(' ')}') ${write([...words, ...options])} ;;`).join('\n');
}

/** Shell code that finds in \`words\` the longest command that was typed: \`path\`. */
function pathLoop(commands: CompletedCommand[], first: number, current: string): string {
  const known = commands.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`);
  return `  local path='' i
  for ((i = ${first}; i < ${current}; i++)); do
    case "\${path:+$path }\${words[i]}" in
      ${known.join('|')}) path="\${path:+$path }\${words[i]}" ;;
    esac
  done`;
}

function bashScript(commands: CompletedCommand[]): string {
  return `_lro() {
  local current="\${COMP_WORDS[COMP_CWORD]}" candidates=''
  local -a words=("\${COMP_WORDS[@]}")
${pathLoop(commands, 1, 'COMP_CWORD')}
  case "$path" in
${casesOf(commands, (words) => `candidates='${words.map(({ word }) => word).join(' ')}'`)}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F _lro lro`;
}

function zshScript(commands: CompletedCommand[]): string {
  const entry = ({ word, description }: Word): string => quoted(`${word}:${description}`);
  return `#compdef lro
_lro() {
  local -a candidates
${pathLoop(commands, 2, 'CURRENT').replace("local path=''", "local command=''").replaceAll('path', 'command')}
  case "$command" in
${casesOf(commands, (words) => `candidates=(${words.map(entry).join(' ')})`)}
  esac
  _describe 'lro' candidates || _files
}
compdef _lro lro`;
}

function fishScript(commands: CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, words, options }) => {
    const below = words.map(({ word }) => word);
    const isHere =
      path.length === 0
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${path.at(-1) ?? ''}${path.length > 1 ? `; and __fish_seen_subcommand_from ${path[0] ?? ''}` : ''}`;
    const unlessBelow = path.length > 0 && below.length > 0 ? `; and not __fish_seen_subcommand_from ${below.join(' ')}` : '';
    return [
      ...words.map(({ word, description }) => `complete -c lro -f -n '${isHere}${unlessBelow}' -a ${word} -d ${quoted(description)}`),
      ...options.map(({ word, description }) => `complete -c lro -n '${isHere}' -l ${word.slice(2)} -d ${quoted(description)}`),
    ];
  });
  return lines.join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
