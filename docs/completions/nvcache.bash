# bash completion for nvcache
_nvcache() {
    local current=${COMP_WORDS[COMP_CWORD]} command= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        [A-Z]*=* | =) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    case $command in
    '')
        mapfile -t COMPREPLY < <(compgen -W "stats explain watch doctor config trim clear verify help version \
            --show-stats --zero-stats --clear --cleanup --max-size --show-config --version --help" -- "$current"
            compgen -c -- "$current" | grep -E '(^|/)nvcc$')
        ;;
    stats) mapfile -t COMPREPLY < <(compgen -W "--json --zero --help" -- "$current") ;;
    watch) mapfile -t COMPREPLY < <(compgen -W "--once --help" -- "$current") ;;
    doctor) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$current") ;;
    verify) mapfile -t COMPREPLY < <(compgen -W "--json --repair --help" -- "$current") ;;
    config)
        mapfile -t COMPREPLY < <(compgen -W "--json --help $("${COMP_WORDS[0]}" config 2>/dev/null |
            awk '/^$/ { exit } { print $1 }')" -- "$current")
        ;;
    help) mapfile -t COMPREPLY < <(compgen -W "stats explain watch doctor config trim clear verify" -- "$current") ;;
    trim | clear | version) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$current") ;;
    *)
        # The compiler's own words: its completion if there is one, else files.
        if declare -F _command_offset >/dev/null; then
            _command_offset "$i"
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        fi
        ;;
    esac
}
complete -o filenames -F _nvcache nvcache
