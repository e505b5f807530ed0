import type { CompletedNode, CompletedOption, Offer } from './model.js';
import { allNodes, isPath } from './model.js';
import { NAMES_COMMAND } from './names-command.js';

/** Two functions tell where the cursor is: in which command, and at its how manyeth argument. */
export function fishScript(root: CompletedNode): string {
  const nodes = allNodes(root);
  const valued = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value).flatMap(flagsOf)),
  );
  return `# fish completion for mangamotion
function __mangamotion_position
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    set -l operands 0
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch $word
            case ${[...valued].join(' ')}
                set skip 1
            case '-*'
            case '*'
                switch "$path/$word"
                    case ${nodes.slice(1).map(stepOf).join(' ')}
                        set path (string trim "$path $word")
                    case '*'
                        set operands (math $operands + 1)
                end
        end
    end
    echo "$path/$operands"
end

function __mangamotion_in
    string match -q -- "$argv[1]/*" (__mangamotion_position)
end

function __mangamotion_at
    test "$argv[1]" = (__mangamotion_position)
end

# Names that only the program can know. fish escapes what it inserts.
function __mangamotion_names
    set -l before (commandline -opc)
    set -e before[1]
    set -l raw (string replace -r -- '^--[a-z-]+=' '' (commandline -ct))
    set -l typed (string unescape -- $raw; or string replace -r -- '^["\\']' '' $raw)
    command mangamotion ${NAMES_COMMAND} $argv[1] "$typed" $before </dev/null 2>/dev/null
end

function __mangamotion_paths
    set -l names (__mangamotion_names $argv[1])
    if set -q names[1]
        string join -- \\n $names
    else
        __fish_complete_directories (commandline -ct)
    end
end

complete -c mangamotion -f
${nodes.map(linesOf).join('')}`;
}

function linesOf(node: CompletedNode): string {
  const path = node.path.join(' ');
  const below = node.children.map((child) => {
    const word = child.path.at(-1) ?? '';
    return line(`__mangamotion_at ${quote(`${path}/0`)}`, [`-a ${word}`, describe(child.summary)]);
  });
  const operands = node.arguments.map((argument, index) => {
    const where = argument.repeatable
      ? `__mangamotion_in ${quote(path)}`
      : `__mangamotion_at ${quote(`${path}/${index}`)}`;
    return line(where, values(argument));
  });
  const options = node.options.map((option) =>
    line(`__mangamotion_in ${quote(path)}`, [
      `-l ${option.long.slice(2)}`,
      ...(option.short === undefined ? [] : [`-s ${option.short.slice(1)}`]),
      ...(option.value === undefined
        ? []
        : [option.value.names === 'file' ? '-r' : '-x', ...values(option.value)]),
      describe(option.description),
    ]),
  );
  return [...below, ...operands, ...options].join('');
}

function line(condition: string, parts: readonly string[]): string {
  return `${['complete -c mangamotion', `-n ${quote(condition)}`, ...parts].join(' ')}\n`;
}

function values({ words, names }: Offer): string[] {
  if (words.length > 0) return [`-a ${quote(words.join(' '))}`];
  if (names === undefined) return [];
  if (names === 'file') return ['-F'];
  if (names === 'folder') return ["-a '(__fish_complete_directories)'"];
  return [`-a '(__mangamotion_${isPath(names) ? 'paths' : 'names'} ${names})'`];
}

function stepOf({ path }: CompletedNode): string {
  return quote(`${path.slice(0, -1).join(' ')}/${path.at(-1) ?? ''}`);
}

function describe(text: string): string {
  return `-d ${quote(text)}`;
}

function flagsOf({ long, short }: CompletedOption): string[] {
  return short === undefined ? [long] : [short, long];
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, String.raw`\$&`)}'`;
}
