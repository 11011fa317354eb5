const bash = `# bash completion for baton: source <(baton completion bash)
_baton() {
  local rest=\${COMP_LINE:0:COMP_POINT} words=() i word value current quote="" head=""
  # Bash also splits words at : and =, which keys can contain: words without a space between them belong together.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then words+=(""); fi
    rest=\${rest#"\${rest%%[![:space:]]*}"}
    if ((i == COMP_CWORD)); then word=$rest; fi
    words[\${#words[@]} - 1]+=$word
    rest=\${rest#"$word"}
  done
  current=\${words[\${#words[@]} - 1]}
  case $current in
    [\\"\\']*) quote=\${current:0:1} ;;
    *[:=]*) head=\${current%"\${current##*[:=]}"} ;;
  esac
  for ((i = 0; i < \${#words[@]}; i++)); do
    word=\${words[i]//\\\\/}
    case $word in [\\"\\']*) value=\${word:0:1} word=\${word#?} word=\${word%"$value"} ;; esac
    words[i]=$word
  done
  COMPREPLY=()
  while IFS= read -r value; do
    if [[ $value == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "\${words[\${#words[@]} - 1]##--*=}")
      return
    fi
    value=\${value%%$'\\t'*}
    if [[ -z $quote ]]; then
      printf -v value %q "$value"
      # It replaces what follows the last break.
      [[ $COMP_WORDBREAKS == *:* ]] && value=\${value#"$head"}
    fi
    COMPREPLY+=("$value")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _baton baton
`;

const zsh = `#compdef baton
# zsh completion for baton: source <(baton completion zsh)
_baton() {
  local -a values shown
  local value about
  while IFS=$'\\t' read -r value about; do
    if [[ $value == :files ]]; then _files; return; fi
    values+=("$value")
    shown+=("$value\${about:+  -- $about}")
  done < <("\${(Q)words[1]}" __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  compadd -l -d shown -a -- values
}
if [[ $funcstack[1] == _baton ]]; then _baton "$@"; else compdef _baton baton; fi
`;

const fish = `# fish completion for baton: baton completion fish | source
function __baton_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($words[1] __complete -- $words[2..] "$current" 2>/dev/null)
    if test "$found" = :files
        __fish_complete_path "$current"
    else
        printf '%s\\n' $found
    end
end
complete -c baton -f -a '(__baton_complete)'
`;

/**
 * The scripts that `baton completion` prints, by shell. Each calls `baton __complete` and shows its output, so that a
 * saved script stays correct when commands change.
 */
export const completionScripts = { bash, zsh, fish } as const;
