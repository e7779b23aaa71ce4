# bash completion for espial and ./espial.  SPDX-License-Identifier: GPL-2.0-or-later
_espial()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
    local options='-f --findings -s --min-severity -j --json -T --format -w --html -t --title -a --author -d --date
        -k --keys -p --plan -l --log -P --points --series --extract --headers --state --save-state -o --option -D --dissect -O --output -J --jobs -L --list
        --memory-limit --time-limit -M --merge -W --wireshark --new-profile
        --no-install -v --version -h --help'
    COMPREPLY=()
    # "--keys=" comes as two words or three.
    if [ "$word" = '=' ]; then
        word=''
    elif [ "$before" = '=' ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
    -s | --min-severity)
        mapfile -t COMPREPLY < <(compgen -W 'chat note warning error' -- "$word")
        return ;;
    -T | --format)
        mapfile -t COMPREPLY < <(compgen -W 'text json ndjson html' -- "$word")
        return ;;
    -d | --date)
        mapfile -t COMPREPLY < <(compgen -W today -- "$word")
        return ;;
    -t | --title | -a | --author | -o | --option | -J | --jobs | --memory-limit | --time-limit)
        return ;;
    -O | --output | -L | --list | --extract | --state | --save-state | -w | --html | -k | --keys | -p | --plan | -l | --log)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
        return ;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        [ "${COMP_WORDS[i]}" != -- ] || options=''
    done
    if [ -n "$options" ] && [ "${word:0:1}" = - ]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _espial espial ./espial
