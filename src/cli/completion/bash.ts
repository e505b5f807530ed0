import type { CompletedNode, CompletedOption, Offer } from './model.js';
import { allNodes } from './model.js';

/**
 * For bash 3.2 (macOS) and later. The function walks over the words before the cursor to find the
 * command (`path`) and how many arguments it has, then offers what fits. `=` is a word of its own in
 * bash's eyes.
 */
export function bashScript(root: CompletedNode): string {
  const nodes = allNodes(root);
  const valued = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value).flatMap(flagsOf)),
  );
  return `# bash completion for mangamotion
_mangamotion_offer() {
  local kind="$1" line
  COMPREPLY=()
  if [[ "$kind" == words ]]; then
    set -- -W "$2"
  elif [[ "$kind" == folder ]]; then
    compopt -o filenames 2>/dev/null
    set -- -d
  else
    compopt -o filenames 2>/dev/null
    set -- -f
  fi
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(compgen "$@" -- "$cur")
}

_mangamotion() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" operands=0 index=1 word
  COMPREPLY=()
  if [[ "$cur" == "=" ]]; then
    cur=""
  elif [[ "$prev" == "=" ]]; then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  while (( index < COMP_CWORD )); do
    word="\${COMP_WORDS[index]}"
    (( index += 1 ))
    case "$word" in
      ${[...valued].join('|')})
        [[ "\${COMP_WORDS[index]}" == "=" ]] && (( index += 1 ))
        (( index += 1 ))
        ;;
      -*|=) ;;
      *)
        case "$path/$word" in
          ${nodes.slice(1).map(stepOf).join('|')}) path="\${path:+$path }$word" ;;
          *) (( operands += 1 )) ;;
        esac
        ;;
    esac
  done
  case "$path/$prev" in
${nodes.flatMap(valueCases).join('')}  esac
  if [[ "$cur" == -* ]]; then
    case "$path" in
${nodes.map(optionCase).join('')}    esac
    return
  fi
  case "$path/$operands" in
${nodes.flatMap(operandCases).join('')}  esac
}

complete -F _mangamotion mangamotion
`;
}

function stepOf({ path }: CompletedNode): string {
  return `"${path.slice(0, -1).join(' ')}/${path.at(-1) ?? ''}"`;
}

function valueCases({ path, options }: CompletedNode): string[] {
  return options.flatMap((option) => {
    if (option.value === undefined) return [];
    const patterns = flagsOf(option).map((flag) => `"${path.join(' ')}/${flag}"`);
    return [`    ${patterns.join('|')}) ${offer(option.value)}; return ;;\n`];
  });
}

function optionCase({ path, options }: CompletedNode): string {
  const flags = options.flatMap(flagsOf);
  return `      "${path.join(' ')}") _mangamotion_offer words "${flags.join(' ')}" ;;\n`;
}

function operandCases(node: CompletedNode): string[] {
  const path = node.path.join(' ');
  if (node.children.length > 0) {
    const words = node.children.map((child) => child.path.at(-1) ?? '');
    return [`    "${path}/0") ${offer({ words, files: undefined })};;\n`];
  }
  return node.arguments.map((argument, index) => {
    const position = argument.repeatable ? `"${path}/"*` : `"${path}/${index}"`;
    return `    ${position}) ${offer(argument)};;\n`;
  });
}

function offer({ words, files }: Offer): string {
  if (words.length > 0) return `_mangamotion_offer words "${words.join(' ')}" `;
  return files === undefined ? ': ' : `_mangamotion_offer ${files} `;
}

function flagsOf({ long, short }: CompletedOption): string[] {
  return short === undefined ? [long] : [short, long];
}
