import type { CompletedNode, CompletedOption, Offer } from './model.js';
import { allNodes, isPath } from './model.js';
import { NAMES_COMMAND } from './names-command.js';

/** A function for each command, made of the specs that zsh's own `_arguments` reads. */
export function zshScript(root: CompletedNode): string {
  return `#compdef mangamotion
# zsh completion for mangamotion

${NAMES_FUNCTIONS}
${allNodes(root).map(functionOf).join('\n')}
if [[ "$funcstack[1]" == _mangamotion ]]; then
  _mangamotion "$@"
else
  compdef _mangamotion mangamotion
fi
`;
}

/** `compadd` escapes what it inserts. A tilde must stay as it is: escaped, it is no home. */
const NAMES_FUNCTIONS = `_mangamotion_names() {
  local kind="$1" ret=1
  local -a names open
  names=("\${(@f)$(command mangamotion ${NAMES_COMMAND} "$kind" "\${(Q)PREFIX}" "\${mangamotion_before[@]}" </dev/null 2>/dev/null)}")
  if [[ "$PREFIX" == '~/'* ]]; then
    compset -P '\\~/'
    names=("\${(@)names#\\~/}")
  fi
  open=("\${(@M)names:#*/}")
  names=("\${(@)names:#*/}")
  names=("\${(@)names:#}")
  (( $#names )) && compadd -- "\${names[@]}" && ret=0
  (( $#open )) && compadd -S '' -- "\${open[@]}" && ret=0
  return ret
}

_mangamotion_paths() {
  _mangamotion_names "$1" || _files -/
}
`;

/** The words before the cursor; _arguments narrows them to those of a command. */
const KEEP_WORDS = `
  local -a mangamotion_before
  mangamotion_before=("\${(@Q)words[2,CURRENT-1]}")`;

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
  local -a commands${node.path.length === 0 ? KEEP_WORDS : ''}
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

function action({ words, names }: Offer): string {
  if (words.length > 0) return `(${words.join(' ')})`;
  if (names === undefined) return ' ';
  if (names === 'file') return '_files';
  if (names === 'folder') return '_files -/';
  // The space keeps _arguments from adding flags for compadd.
  return isPath(names) ? ` _mangamotion_paths ${names}` : ` _mangamotion_names ${names}`;
}

function nameOf({ path }: CompletedNode): string {
  return ['_mangamotion', ...path].join('_').replaceAll('-', '_');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
