import type { CompletedNode, CompletedOption, Offer } from './model.js';
import { allNodes } from './model.js';

/** A function for each command, made of the specs that zsh's own `_arguments` reads. */
export function zshScript(root: CompletedNode): string {
  return `#compdef mangamotion
# zsh completion for mangamotion

${allNodes(root).map(functionOf).join('\n')}
if [[ "$funcstack[1]" == _mangamotion ]]; then
  _mangamotion "$@"
else
  compdef _mangamotion mangamotion
fi
`;
}

function functionOf(node: CompletedNode): string {
  return node.children.length > 0 ? groupFunction(node) : commandFunction(node);
}

function groupFunction(node: CompletedNode): string {
  const described = node.children.map(({ path, summary }) => {
    return `        ${quote(`${path.at(-1) ?? ''}:${summary.replaceAll(':', '\\:')}`)}\n`;
  });
  const branches = node.children.map((child) => {
    return `        ${child.path.at(-1) ?? ''}) ${nameOf(child)} ;;\n`;
  });
  return `${nameOf(node)}() {
  local curcontext="$curcontext" state line
  local -a commands
  typeset -A opt_args
  _arguments -s -S -C \\
${node.options.map(optionLine).join('')}    '1: :->command' \\
    '*:: :->rest'
  case "$state" in
    command)
      commands=(
${described.join('')}      )
      _describe -t commands command commands
      ;;
    rest)
      case "$words[1]" in
${branches.join('')}      esac
      ;;
  esac
}
`;
}

function commandFunction(node: CompletedNode): string {
  const operands = node.arguments.map((argument, index) => {
    const position = argument.repeatable ? '*' : String(index + 1);
    return `    ${quote(`${position}:${argument.name}:${action(argument)}`)} \\\n`;
  });
  return `${nameOf(node)}() {
  typeset -A opt_args
  _arguments -s -S \\
${node.options.map(optionLine).join('')}${operands.join('')}    && return 0
}
`;
}

function optionLine({ long, short, description, value, repeatable }: CompletedOption): string {
  const ending =
    `[${description.replace(/[[\]\\:]/g, '\\$&')}]` +
    (value === undefined ? '' : `:${value.placeholder}:${action(value)}`);
  const times = repeatable ? '*' : '';
  return [long, short]
    .flatMap((flag) => flag ?? [])
    .map((flag) => {
      const name = value !== undefined && flag === long ? `${flag}=` : flag;
      return `    ${quote(`${times}${name}${ending}`)} \\\n`;
    })
    .join('');
}

function action({ words, files }: Offer): string {
  if (words.length > 0) return `(${words.join(' ')})`;
  if (files === undefined) return ' ';
  return files === 'folder' ? '_files -/' : '_files';
}

function nameOf({ path }: CompletedNode): string {
  return ['_mangamotion', ...path].join('_').replaceAll('-', '_');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
