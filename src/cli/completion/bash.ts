import type { CompletedNode, CompletedOption, Offer } from './model.js';
import { allNodes, isPath } from './model.js';
import { NAMES_COMMAND } from './names-command.js';

/**
 * For bash 3.2 (macOS) and later. The function walks over the words before the cursor to find the
 * command (`path`) and how many arguments it has, then offers what fits. Nothing that is typed or
 * offered is evaluated.
 *
 * bash splits words at `=` and `:` too (COMP_WORDBREAKS), and replaces only what is behind the last of
 * these. So the words are put together again, and `head` is the part of the last one that stays.
 */
export function bashScript(root: CompletedNode): string {
  const nodes = allNodes(root);
  const valued = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value).flatMap(flagsOf)),
  );
  return `# bash completion for mangamotion
${HELPERS}
_mangamotion() {
  local cur prev="" piece plain head quote="" path="" operands=0 index=1 word
  local -a words before
  COMPREPLY=()
  _mangamotion_words
  cur="\${words[\${#words[@]}-1]}"
  if [[ "$cur" == --*=* ]]; then
    prev="\${cur%%=*}"
    cur="\${cur#*=}"
  else
    prev="\${words[\${#words[@]}-2]}"
  fi
  case "$piece" in
    \\'*) quote="'" ;;
    \\"*) quote='"' ;;
  esac
  while (( index < \${#words[@]} - 1 )); do
    word="\${words[index]}"
    (( index += 1 ))
    _mangamotion_plain "$word"
    before+=("$plain")
    case "$word" in
      ${[...valued].join('|')})
        (( index == \${#words[@]} - 1 )) && break
        _mangamotion_plain "\${words[index]}"
        before+=("$plain")
        (( index += 1 ))
        ;;
      -*) ;;
      *)
        case "$path/$word" in
          ${nodes.slice(1).map(stepOf).join('|')}) path="\${path:+$path }$word" ;;
          *) (( operands += 1 )) ;;
        esac
        ;;
    esac
  done
  _mangamotion_plain "\${cur%"$piece"}"
  head="$plain"
  _mangamotion_plain "$cur"
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

const HELPERS = `# Sets words to those up to the cursor, and piece to what bash replaces of the last one.
_mangamotion_words() {
  local index rest="$COMP_LINE"
  words=()
  for (( index = 0; index <= COMP_CWORD; index += 1 )); do
    piece="\${COMP_WORDS[index]}"
    if (( index == 0 )) || [[ "$rest" == [[:space:]]* ]]; then
      words+=("$piece")
    else
      words[\${#words[@]}-1]+="$piece"
    fi
    rest="\${rest#"\${rest%%[![:space:]]*}"}"
    rest="\${rest#"$piece"}"
  done
  [[ "$piece" == [:=@]* ]] && piece=""
}

# Sets plain to the word without its quotes and backslashes.
_mangamotion_plain() {
  local text="$1" open="" char
  plain=""
  while [[ -n "$text" ]]; do
    char="\${text:0:1}"
    text="\${text:1}"
    case "$open$char" in
      \\'|\\") open="$char" ;;
      \\'\\'|\\"\\") open="" ;;
      \\\\|\\"\\\\)
        if [[ -z "$open" || "\${text:0:1}" == [\\"\\\\\\$\\\`] ]]; then
          plain+="\${text:0:1}"
          text="\${text:1}"
        else
          plain+="$char"
        fi
        ;;
      *) plain+="$char" ;;
    esac
  done
}

_mangamotion_offer() {
  local kind="$1" line
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
    COMPREPLY+=("\${line#"$head"}")
  done < <(compgen "$@" -- "$plain")
}

# Asks for names. Nothing is shown where that fails.
_mangamotion_ask() {
  command mangamotion ${NAMES_COMMAND} "$1" "$plain" \${before[@]+"\${before[@]}"} </dev/null 2>/dev/null
}

# Paths that the program knows, else folders. Readline escapes them.
_mangamotion_paths() {
  local name
  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do
    [[ "$name" == */ ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("\${name#"$head"}")
  done < <(_mangamotion_ask "$1")
  (( \${#COMPREPLY[@]} )) || _mangamotion_offer folder
}

# Names, escaped for the quotes in which they will stand.
_mangamotion_names() {
  local name text char
  while IFS= read -r name; do
    text="\${name#"$head"}"
    name=""
    if [[ -z "$quote" ]]; then
      printf -v name %q "$text"
      text=""
    elif [[ "$quote" == \\" && "$text" == *!* ]]; then
      # There is no way to write it: history expansion would take it.
      continue
    fi
    while [[ -n "$text" ]]; do
      char="\${text:0:1}"
      text="\${text:1}"
      case "$quote$char" in
        \\'\\') name+="'\\\\''" ;;
        \\"[\\"\\\\\\$\\\`]) name+="\\\\$char" ;;
        *) name+="$char" ;;
      esac
    done
    # Readline takes a quote at the end for the closing one.
    [[ -n "$quote" && "$name" == *"$quote" ]] && name+="$quote"
    COMPREPLY+=("$name")
  done < <(_mangamotion_ask "$1")
}
`;

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
    return [`    "${path}/0") ${offer({ words, names: undefined })};;\n`];
  }
  return node.arguments.map((argument, index) => {
    const position = argument.repeatable ? `"${path}/"*` : `"${path}/${index}"`;
    return `    ${position}) ${offer(argument)};;\n`;
  });
}

function offer({ words, names }: Offer): string {
  if (words.length > 0) return `_mangamotion_offer words "${words.join(' ')}" `;
  if (names === undefined) return ': ';
  if (names === 'file' || names === 'folder') return `_mangamotion_offer ${names} `;
  return isPath(names) ? `_mangamotion_paths ${names} ` : `_mangamotion_names ${names} `;
}

function flagsOf({ long, short }: CompletedOption): string[] {
  return short === undefined ? [long] : [short, long];
}
