/**
 * The scripts of `lro completion`. In each of them the longest known command that was typed decides what can follow, unless the word before
 * is an option with a value.
 */
import type { CompletedCommand, CompletedOption, Word } from './completion-tree';

/** Prints the names of connections, a line each, and nothing where there is no file or a wrong one. */
const CONNECTIONS = 'lro config connections 2>/dev/null';

export function bashScript(commands: CompletedCommand[]): string {
  return `_lro() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" candidates=''
  local -a words=("\${COMP_WORDS[@]}")
${pathLoop(commands, 1, 'COMP_CWORD', 'path')}
  case "$path $before" in
${valueCases(commands, { choices: (words) => `candidates='${words.join(' ')}'`, connection: `candidates="$(${CONNECTIONS})"`, other: 'return' })}
    *) case "$path" in
${wordCases(commands, (words) => `candidates='${words.map(({ word }) => word).join(' ')}'`)}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F _lro lro`;
}

export function zshScript(commands: CompletedCommand[]): string {
  const entry = ({ word, description }: Word): string => quoted(`${word.replaceAll(':', '\\:')}:${description}`);
  // `path` is the shell's own.
  return `#compdef lro
_lro() {
  local before="\${words[CURRENT - 1]}"
  local -a candidates
${pathLoop(commands, 2, 'CURRENT', 'command')}
  case "$command $before" in
${valueCases(commands, { choices: (words) => `compadd -- ${words.map(quoted).join(' ')}; return`, connection: `compadd -- \${(f)"$(${CONNECTIONS})"}; return`, other: '_files; return' })}
  esac
  case "$command" in
${wordCases(commands, (words) => `candidates=(${words.map(entry).join(' ')})`)}
  esac
  _describe 'lro' candidates || _files
}
compdef _lro lro`;
}

export function fishScript(commands: CompletedCommand[]): string {
  const known = commands.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')));
  const lines = commands.flatMap(({ path, words, options }) => {
    const isHere = `-n ${quoted(`__lro_at ${quoted(path.join(' '))}`)}`;
    return [
      ...words.map(({ word, description }) => `complete -c lro -f ${isHere} -a ${word} -d ${quoted(description)}`),
      ...options.map(
        (option) => `complete -c lro ${isHere} -l ${option.word.slice(2)}${fishValue(option)} -d ${quoted(option.description)}`,
      ),
    ];
  });
  return `function __lro_at
  set -l found ''
  for word in (commandline -opc)[2..]
    set -l longer (string trim -- "$found $word")
    contains -- "$longer" ${known.join(' ')}; and set found $longer
  end
  test "$found" = "$argv[1]"
end
${lines.join('\n')}`;
}

function fishValue({ value }: CompletedOption): string {
  if (value === undefined) return '';
  if (value === 'other') return ' -r';
  return ` -x -a ${quoted(value === 'connection' ? `(${CONNECTIONS})` : value.join(' '))}`;
}

/** Lines of a `case` of bash and zsh over the command: what can follow it. */
function wordCases(commands: CompletedCommand[], write: (words: Word[]) => string): string {
  return commands.map(({ path, words, options }) => `    '${path.join(' ')}') ${write([...words, ...options])} ;;`).join('\n');
}

/** What a script does to complete a value. */
interface ValueCode {
  choices: (words: readonly string[]) => string;
  connection: string;
  other: string;
}

/** Lines of a `case` of bash and zsh over the command and the word before: what can be the value of that option. */
function valueCases(commands: CompletedCommand[], code: ValueCode): string {
  const patterns = new Map<string, string[]>();
  for (const { path, options } of commands)
    for (const { word, value } of options) {
      if (value === undefined) continue;
      const does = typeof value === 'string' ? code[value] : code.choices(value);
      patterns.set(does, [...(patterns.get(does) ?? []), `'${path.join(' ')} ${word}'`]);
    }
  return [...patterns].map(([does, all]) => `    ${all.join('|')}) ${does} ;;`).join('\n');
}

/** Shell code that finds in `words` the longest command that was typed, and puts it into the variable. */
function pathLoop(commands: CompletedCommand[], first: number, current: string, variable: string): string {
  const known = commands.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`);
  const longer = `\${${variable}:+$${variable} }\${words[i]}`;
  return `  local ${variable}='' i
  for ((i = ${first}; i < ${current}; i++)); do
    case "${longer}" in
      ${known.join('|')}) ${variable}="${longer}" ;;
    esac
  done`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", () => "'\\''")}'`;
}
